/** `comfymulti-worker vram …`: the GPU's memory as the driver sees it, and whether a job would fit. */
import { Command, InvalidArgumentError } from "commander";
import { formatTable } from "../models/format.ts";
import { readGpus } from "../vram/nvidia-smi.ts";
import type { GpuMemory } from "../vram/nvidia-smi.ts";
import { chooseGpu } from "../vram/own-gpu.ts";
import { VRAM_MARGIN_MIB } from "../vram/vram-guard.ts";

interface CheckOptions {
  readonly gpu: number;
  readonly margin: number;
  readonly json?: true;
}

/** Sets the exit code of `check`: 0 it fits or nobody can tell, 1 it does not; 2 is a usage error. */
export function vramCommand(): Command {
  const vram = new Command("vram").description("the GPU's memory");
  vram
    .command("check")
    .description("whether so much GPU memory is free now; exit code 1 when it is not")
    .argument("<MiB>", "what a job needs", parseMib)
    .option("--gpu <number>", "as CUDA counts the GPUs that it shows", parseGpu, 0)
    .option("--margin <MiB>", "to be left free beside it", parseMib, VRAM_MARGIN_MIB)
    .option("--json", "for machines: JSON on stdout")
    .action(check);
  vram
    .command("show")
    .description("every GPU of this machine")
    .option("--json", "for machines: JSON on stdout")
    .action(show);
  return vram;
}

async function check(needMiB: number, { gpu: deviceIndex, margin, json }: CheckOptions) {
  const reading = await readGpus();
  const visibleDevices = process.env["CUDA_VISIBLE_DEVICES"];
  const gpu =
    reading.kind === "read"
      ? chooseGpu(reading.gpus, {
          deviceIndex,
          ...(visibleDevices !== undefined && { visibleDevices }),
        })
      : undefined;
  if (!gpu) {
    const reason =
      reading.kind === "unknown" ? reading.reason : `This machine shows no GPU ${deviceIndex}.`;
    if (json) print({ fits: null, reason });
    process.stderr.write(`Nobody can tell, so jobs run: ${reason}\n`);
    return;
  }
  const fits = gpu.freeMiB >= needMiB + margin;
  process.exitCode = fits ? 0 : 1;
  print(
    json
      ? { fits, needMiB, marginMiB: margin, gpu }
      : `${fits ? "It fits" : "It does not fit"}: ${needMiB} MiB and ${margin} to spare, ${gpu.freeMiB} of ${gpu.totalMiB} MiB are free on GPU ${gpu.index}, ${gpu.name}.`,
  );
}

async function show({ json }: { readonly json?: true }) {
  const reading = await readGpus();
  if (reading.kind === "unknown") {
    process.stderr.write(`${reading.reason}\n`);
    process.exitCode = 1;
    return;
  }
  print(json ? { gpus: reading.gpus } : table(reading.gpus));
}

const table = (gpus: readonly GpuMemory[]): string =>
  formatTable(
    ["GPU", "name", "total MiB", "used MiB", "free MiB"],
    gpus.map(({ index, name, totalMiB, usedMiB, freeMiB }) =>
      [index, name, totalMiB, usedMiB, freeMiB].map(String),
    ),
  );

function parseMib(text: string): number {
  if (/^\d{1,7}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number of MiB, such as 24576.");
}

function parseGpu(text: string): number {
  if (/^\d{1,2}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a number from 0.");
}

function print(result: object | string): void {
  process.stdout.write(`${typeof result === "string" ? result : JSON.stringify(result)}\n`);
}
