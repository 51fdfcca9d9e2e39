/**
 * What the driver's own tool says of the machine's GPUs. Parsed strictly: a figure that can't be right
 * is no figure, because jobs are given back over it. The query is that of `nvidia-smi --help-query-gpu`.
 */
import { execFile } from "node:child_process";
import { z } from "zod";

const QUERY = [
  "--query-gpu=index,uuid,name,memory.total,memory.used,memory.free",
  "--format=csv,noheader,nounits",
];
const TIMEOUT_MS = 5_000;
/** A machine has at most a few dozen GPUs of some 100 bytes each. */
const MAX_OUTPUT_BYTES = 64 * 1024;
/** 2 TiB: ten times the largest GPU there is. */
const MOST_MIB = 2 * 1024 * 1024;
/** Used and free may be read a moment apart, and leave out what the driver reserves. */
const TOLERANCE = 1.02;

const mibSchema = z
  .string()
  .regex(/^\d{1,9}$/, "is no number of MiB")
  .transform(Number)
  .pipe(z.int().max(MOST_MIB));

const gpuSchema = z
  .object({
    index: z
      .string()
      .regex(/^\d{1,3}$/, "is no index")
      .transform(Number),
    uuid: z.string().regex(/^(GPU|MIG)-[0-9a-zA-Z/-]{8,80}$/, "is no GPU's UUID"),
    name: z.string().min(1).max(100),
    totalMiB: mibSchema.refine((mib) => mib > 0, "must not be 0"),
    usedMiB: mibSchema,
    freeMiB: mibSchema,
  })
  .refine(({ totalMiB, freeMiB }) => freeMiB <= totalMiB, "more is free than there is")
  .refine(
    ({ totalMiB, usedMiB, freeMiB }) => usedMiB + freeMiB <= totalMiB * TOLERANCE,
    "used and free are more than there is",
  );

/** One GPU of the machine, MiB. */
export type GpuMemory = Readonly<z.infer<typeof gpuSchema>>;

export type GpuReading =
  | { readonly kind: "read"; readonly gpus: readonly GpuMemory[] }
  /** The tool is missing, or what it says can't be believed; `reason` is a sentence. */
  | { readonly kind: "unknown"; readonly reason: string };

export interface ReadGpusOptions {
  /** Name or path. Default `nvidia-smi`. */
  readonly program?: string;
  /** Default 5 s: a driver in trouble keeps the tool waiting for minutes. */
  readonly timeoutMs?: number;
}

/** Asks `nvidia-smi`. Never rejects. */
export async function readGpus({
  program = "nvidia-smi",
  timeoutMs = TIMEOUT_MS,
}: ReadGpusOptions = {}): Promise<GpuReading> {
  const output = await run(program, timeoutMs);
  return "problem" in output ? unknown(output.problem) : parse(output.text);
}

type Output = { readonly text: string } | { readonly problem: string };

function run(program: string, timeoutMs: number): Promise<Output> {
  const options = {
    timeout: timeoutMs,
    killSignal: "SIGKILL",
    maxBuffer: MAX_OUTPUT_BYTES,
  } as const;
  return new Promise((resolve) => {
    try {
      execFile(program, QUERY, options, (error, stdout) => {
        resolve(error ? { problem: explain(error, timeoutMs) } : { text: stdout });
      });
    } catch (error) {
      // Some faults of a program that can't be started are thrown instead.
      resolve({ problem: `can't be run (${error instanceof Error ? error.message : "failed"})` });
    }
  });
}

interface ExecError {
  readonly code?: string | number | null;
  readonly killed?: boolean;
  readonly signal?: NodeJS.Signals | null;
}

function explain({ code, killed, signal }: ExecError, timeoutMs: number): string {
  if (code === "ENOENT") return "is not there";
  if (code === "EACCES") return "may not be executed";
  if (code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") return "says more than it should";
  if (killed) return `did not answer within ${timeoutMs / 1000} s`;
  if (typeof code === "number") return `ended with exit code ${code}`;
  return signal ? `was ended by ${signal}` : "can't be run";
}

function parse(text: string): GpuReading {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (lines.length === 0) return unknown("lists no GPU");
  const gpus: GpuMemory[] = [];
  for (const line of lines) {
    const fields = line.split(",").map((field) => field.trim());
    const [index, uuid, name, totalMiB, usedMiB, freeMiB] = fields;
    if (fields.length !== 6) return unknown(`says a line of ${fields.length} fields instead of 6`);
    const gpu = gpuSchema.safeParse({ index, uuid, name, totalMiB, usedMiB, freeMiB });
    if (!gpu.success) {
      const [issue] = gpu.error.issues;
      const what = [...(issue?.path ?? []), issue?.message ?? "is odd"].map(String).join(" ");
      return unknown(`says of GPU ${index ?? ""}: ${what}`);
    }
    if (gpus.some((other) => other.index === gpu.data.index || other.uuid === gpu.data.uuid)) {
      return unknown(`names GPU ${gpu.data.index} twice`);
    }
    gpus.push(gpu.data);
  }
  return { kind: "read", gpus };
}

const unknown = (what: string): GpuReading => ({ kind: "unknown", reason: `nvidia-smi ${what}.` });
