/** Joins what a stack declared with what its supervisor and gateway say of it now. */
import { z } from "zod";
import { SupervisorClient } from "../components/hosts/index.ts";
import { runningContainers } from "./running-containers.ts";
import type { Platform } from "../stacks/outputs.ts";

const workersSchema = z.object({
  workers: z.array(z.object({ name: z.string(), status: z.string(), comfyuiVersion: z.string() })),
});

export type Status = Platform & {
  readonly services: readonly {
    readonly name: string;
    readonly status: string;
    readonly pid?: number | undefined;
    readonly version?: string | undefined;
  }[];
  readonly workers: readonly (Platform["workers"][number] & { readonly status: string })[];
};

export async function liveStatus(platform: Platform): Promise<Status> {
  const services = await runningServices(platform);
  const reported = new Map(
    (await reportedWorkers(platform)).map((worker) => [worker.name, worker]),
  );
  return {
    ...platform,
    services: services.map(({ name, status, pid, version }) => ({ name, status, pid, version })),
    workers: platform.workers.map((worker) => ({
      ...worker,
      status: reported.get(worker.name)?.status ?? "unknown",
      comfyuiVersion: reported.get(worker.name)?.comfyuiVersion ?? worker.comfyuiVersion,
    })),
  };
}

/** Of a stack on this machine its processes, of one in the cloud its containers. */
async function runningServices({ directories, appServer }: Platform): Promise<Status["services"]> {
  if (directories) return (await new SupervisorClient(directories.data).status()) ?? [];
  return appServer ? await runningContainers(appServer) : [];
}

/** Workers as the gateway sees them; none when it does not answer. */
async function reportedWorkers({ admin }: Platform) {
  try {
    const answer = await fetch(new URL("/api/v1/workers", admin.url), {
      headers: { authorization: `Bearer ${admin.token}` },
      signal: AbortSignal.timeout(5000),
    });
    return workersSchema.parse(await answer.json()).workers;
  } catch {
    return [];
  }
}
