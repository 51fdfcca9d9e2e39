/** What a worker spends on ComfyUI's progress and previews, relayed or passed over. */
import type { Benchmark, Figure, Scope } from "../measurement/figure.ts";
import { Browser } from "../platform/browser.ts";
import { startGatewayForWorker, startWorker } from "../platform/worker.ts";

/** Steps of a job: as fast as ComfyUI can say them, and as a sampler does. */
const FLOOD = { steps: 1_000, ms: 0 };
const SAMPLER = { steps: 100, ms: 100 };

export const workerRelay: Benchmark = {
  name: "worker-relay",
  about: "CPU time of a worker for each step of a sampler",
  async run(scope: Scope): Promise<Figure[]> {
    const gateway = await startGatewayForWorker(scope);
    const worker = await startWorker(gateway, scope);
    const browser = await Browser.open(gateway.participant);
    scope.defer(() => browser.close());

    const cost = async (job: Steps, colour: number): Promise<number> => {
      const before = worker.cpuMs();
      await browser.render(slowGraph(job, colour));
      return worker.cpuMs() - before;
    };
    // Compiled code, and what a job costs beside its steps.
    for (let warm = 1; warm <= 3; warm++) await cost(FLOOD, warm);
    const idle = await cost({ steps: 1, ms: 10_000 }, 10);
    const flood = await cost(FLOOD, 11);
    const sampler = await cost(SAMPLER, 12);
    const perStep = (ms: number, { steps }: Steps) => Math.max(0, ms - idle) / steps;
    return [
      { name: "job of 10 s with one step: CPU", unit: "ms", value: idle },
      {
        name: "step at full speed (most passed over): CPU",
        unit: "ms",
        value: perStep(flood, FLOOD),
      },
      {
        name: "step at 10 a second (all relayed): CPU",
        unit: "ms",
        value: perStep(sampler, SAMPLER),
      },
    ];
  },
};

interface Steps {
  readonly steps: number;
  readonly ms: number;
}

/** Each step says `progress_state`, `progress` and a preview. */
const slowGraph = ({ steps, ms }: Steps, color: number) => ({
  "1": { class_type: "EmptyImage", inputs: { width: 512, height: 512, batch_size: 1, color } },
  "2": { class_type: "GwSlow", inputs: { image: ["1", 0], steps, ms, fail: false } },
  "3": { class_type: "SaveImage", inputs: { images: ["2", 0], filename_prefix: "relay" } },
});
