/** Whether the container sees an NVIDIA GPU: by the driver's own tool, else by what ComfyUI says. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { SystemStats } from "../comfyui/answers.ts";
import { readVram } from "../vram/vram.ts";
import { fail, ok, warn } from "./check.ts";
import type { Verdict } from "./check.ts";

const MAX_OUTPUT_BYTES = 64 * 1024;
const execute = promisify(execFile);

/** `stats`: ComfyUI's answer, for machines without nvidia-smi. */
export async function checkGpu(
  nvidiaSmi: string,
  stats: () => Promise<SystemStats>,
  signal: AbortSignal,
): Promise<Verdict> {
  const gpus = await listGpus(nvidiaSmi, signal);
  if (gpus !== undefined && gpus.length > 0) {
    return ok(`${gpus.length} GPU${gpus.length > 1 ? "s" : ""}: ${gpus.join(", ")}.`);
  }
  const said = gpus === undefined ? "nvidia-smi can't be run" : "nvidia-smi lists no GPU";
  const device = await stats().catch(() => undefined);
  const type = device?.devices[0]?.type;
  if (device !== undefined && type === "cuda") {
    return warn(
      `ComfyUI has ${readVram(device, undefined).gpu}, but ${said}: start the container with NVIDIA_DRIVER_CAPABILITIES=compute,utility.`,
    );
  }
  return fail(
    `${said}${type === undefined ? "" : ` and ComfyUI computes on ${type}`}: start the container with a GPU (\`--gpus all\`) on a machine with the NVIDIA driver.`,
  );
}

/** The GPUs' names; undefined when nvidia-smi is missing or fails. */
async function listGpus(nvidiaSmi: string, signal: AbortSignal): Promise<string[] | undefined> {
  try {
    const { stdout } = await execute(nvidiaSmi, ["-L"], { signal, maxBuffer: MAX_OUTPUT_BYTES });
    return [...stdout.matchAll(/^GPU \d+: (.+?) \(UUID: /gm)].map(([, name = ""]) => name);
  } catch {
    return undefined;
  }
}
