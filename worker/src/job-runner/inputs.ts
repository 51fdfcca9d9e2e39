/**
 * The user's files that a graph reads, uploads and results of earlier jobs alike: found by
 * object_info's upload flags, fetched from the queue manager, put into ComfyUI's input folder under
 * `<user>/<type>/`, and renamed in the graph. What is there since an earlier job is used as it is.
 * Two users' `photo.png` never meet, and a graph reads nobody else's file.
 */
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { outputFileSchema } from "@comfymulti/queue";
import type { Claim, Holder, OutputFile } from "@comfymulti/queue";
import { readInputSpec } from "@comfymulti/workflows";
import type { ObjectInfo } from "@comfymulti/workflows";
import { z } from "zod";
import type { ComfyuiClient } from "../comfyui/client.ts";
import { FileMissingError } from "../comfyui/errors.ts";
import { InputMissingError } from "../results/queue-manager.ts";
import type { InputName, QueueManagerClient } from "../results/queue-manager.ts";
import type { InputCache } from "./input-cache.ts";

/** Flags by which ComfyUI 0.9.2 and 0.11.1 mark an input that names an uploaded file. */
const UPLOAD_FLAGS = ["image_upload", "audio_upload", "video_upload", "file_upload"];

/** ComfyUI's notation of a file outside `input`: `name.png [output]`. */
const ANNOTATED = /^(.*?) ?\[(input|output|temp)\]$/;

const nodeSchema = z.looseObject({
  class_type: z.string(),
  inputs: z.record(z.string(), z.unknown()),
});

/** A graph that can't run because of a file that it reads. The message is for the participant. */
export class UnusableInputError extends Error {
  override readonly name = "UnusableInputError";
  readonly nodeId: string;
  readonly nodeType: string;

  constructor(message: string, nodeId: string, nodeType: string) {
    super(message);
    this.nodeId = nodeId;
    this.nodeType = nodeType;
  }
}

export interface InputParts {
  readonly comfyui: ComfyuiClient;
  readonly queueManager: QueueManagerClient;
  readonly objectInfo: ObjectInfo;
  readonly holder: Holder;
  /** What earlier jobs left in ComfyUI's input folder. Absent: every job fetches its files anew. */
  readonly inputCache?: InputCache;
  /** Folder for a file on its way through; exists. */
  readonly directory: string;
}

type Graph = Claim["payload"]["prompt"];

/** The graph with its input files in place. Throws UnusableInputError, or what the two sides throw. */
export async function stageInputs(parts: InputParts, claim: Claim): Promise<Graph> {
  const staged = new Map<string, string>();
  const graph: Record<string, unknown> = {};
  for (const [nodeId, raw] of Object.entries(claim.payload.prompt)) {
    const node = nodeSchema.safeParse(raw);
    graph[nodeId] = raw;
    if (!node.success) continue;
    const inputs = { ...node.data.inputs };
    for (const name of uploadInputs(parts.objectInfo, node.data.class_type)) {
      const value = inputs[name];
      if (typeof value !== "string" || value === "") continue;
      const place = { nodeId, nodeType: node.data.class_type };
      const known = staged.get(value) ?? (await stage(parts, claim.job.user, value, place));
      staged.set(value, known);
      inputs[name] = known;
    }
    graph[nodeId] = { ...node.data, inputs };
  }
  return graph;
}

/** The user's own name of a file that was staged and that ComfyUI shows in an output. */
export function userInput(user: string, file: OutputFile): OutputFile {
  const [owner, type, ...subfolder] = file.subfolder.split("/");
  const original = outputFileSchema.shape.type.safeParse(type);
  return owner === user && original.success
    ? { ...file, type: original.data, subfolder: subfolder.join("/") }
    : file;
}

function uploadInputs(objectInfo: ObjectInfo, nodeType: string): readonly string[] {
  const input = objectInfo[nodeType]?.input;
  return Object.entries({ ...input?.required, ...input?.optional })
    .filter(([, raw]) => {
      const options = readInputSpec(raw)?.options ?? {};
      return UPLOAD_FLAGS.some((flag) => options[flag] === true);
    })
    .map(([name]) => name);
}

async function stage(
  parts: InputParts,
  user: string,
  value: string,
  { nodeId, nodeType }: { nodeId: string; nodeType: string },
): Promise<string> {
  const unusable = (message: string) =>
    new UnusableInputError(`Node ${nodeId} (${nodeType}): ${message}`, nodeId, nodeType);
  const [, name = value, type = "input"] = ANNOTATED.exec(value) ?? [];
  const segments = name.split("/");
  const outside = segments.some((segment) => ["", ".", ".."].includes(segment));
  if (outside || /[\\\0]/.test(name)) throw unusable(`${name} is not the name of a file of yours.`);
  const filename = segments.at(-1) ?? "";
  const subfolder = segments.slice(0, -1).join("/");
  try {
    // A folder for each type: an input and an output of the same name are two files.
    const folder = [user, type, ...segments.slice(0, -1)].join("/");
    const file = { filename, subfolder, type };
    return (await cached(parts, file, folder)) ?? (await fetched(parts, file, folder));
  } catch (error) {
    if (error instanceof InputMissingError) {
      throw unusable(`the ${type} file ${name} is not there any more. Upload it again.`);
    }
    if (error instanceof FileMissingError) throw unusable(error.message);
    throw error;
  }
}

/** ComfyUI's name of the file, if its input folder holds what the queue manager has under this name. */
async function cached(
  { inputCache, queueManager, comfyui, holder }: InputParts,
  file: InputName,
  folder: string,
): Promise<string | undefined> {
  const known = inputCache?.find(folder, file.filename);
  if (!inputCache || !known) return undefined;
  const { sha256 } = await queueManager.inputContent(holder, file);
  if (known.sha256 === sha256 && (await holds(comfyui, known.name, sha256))) return known.name;
  inputCache.forget(folder, file.filename);
  return undefined;
}

async function fetched(
  { inputCache, queueManager, comfyui, holder, directory }: InputParts,
  file: InputName,
  folder: string,
): Promise<string> {
  const path = join(directory, "input");
  try {
    const content = await queueManager.getInput(holder, file, path);
    const name = await comfyui.uploadInput(path, file.filename, folder);
    inputCache?.remember(folder, file.filename, { ...content, name });
    return name;
  } finally {
    await rm(path, { force: true });
  }
}

/**
 * Reads the file back: its folder may have been emptied, or written to by another worker. That stays
 * on this machine and costs less than a fetch; a doubt costs one fetch.
 */
async function holds(comfyui: ComfyuiClient, name: string, sha256: string): Promise<boolean> {
  const segments = name.split("/");
  const filename = segments.pop() ?? "";
  const hash = createHash("sha256");
  try {
    const file = { filename, subfolder: segments.join("/"), type: "input" } as const;
    for await (const piece of await comfyui.view(file)) hash.update(piece as Buffer);
  } catch {
    return false;
  }
  return hash.digest("hex") === sha256;
}
