/** Takes the node definitions of a running ComfyUI into the project, so that its version can be judged. */
import { existsSync } from "node:fs";
import {
  captureFile,
  CaptureError,
  capturedVersionSchema,
  comfyuiVersions,
  fingerprintObjectInfo,
  loadObjectInfo,
  toCapture,
  writeCapture,
} from "@comfymulti/workflows";
import { z } from "zod";
import { VisibleError } from "../visible-error.ts";

/** A ComfyUI with many custom nodes computes its answer anew each time, ms. */
const TIMEOUT_MS = 60_000;
/** The official nodes make 1.5 MB. */
const MOST_BYTES = 64 * 1024 * 1024;

const statsSchema = z.looseObject({ system: z.looseObject({ comfyui_version: z.string() }) });

export interface CaptureOptions {
  /** Replaces a capture of the same version that says something else. */
  readonly force: boolean;
}

export async function capture(address: string, { force }: CaptureOptions): Promise<void> {
  const base = parseAddress(address);
  const stats = statsSchema.safeParse(await getJson(base, "system_stats"));
  if (!stats.success) {
    throw new VisibleError(
      `${base.href} is not a ComfyUI: GET /system_stats names no version. Give the address of a ComfyUI, such as http://127.0.0.1:8188.`,
    );
  }
  const version = capturedVersionSchema.safeParse(stats.data.system.comfyui_version);
  if (!version.success) {
    throw new VisibleError(
      `This ComfyUI calls itself ${JSON.stringify(stats.data.system.comfyui_version)}, which ${version.error.issues[0]?.message ?? "is no version"}: run a release.`,
    );
  }
  const captured = captureOf(await getJson(base, "object_info"));
  const nodes = Object.keys(captured).length;
  const file = captureFile(version.data);
  if (existsSync(file)) {
    if (fingerprintObjectInfo(loadObjectInfo(version.data)) === fingerprintObjectInfo(captured)) {
      console.log(`ComfyUI ${version.data} is captured already, with the same ${nodes} nodes.`);
      return;
    }
    if (!force) {
      throw new VisibleError(
        `ComfyUI ${version.data} is captured already, with other nodes: this one may have custom nodes, or lack some. --force replaces the capture.`,
      );
    }
  }
  writeCapture(file, captured);
  console.log(
    `ComfyUI ${version.data}: ${nodes} nodes, ${customNodes(captured)} of them custom, in ${file}.`,
  );
  if (!Object.hasOwn(comfyuiVersions, version.data)) {
    console.log(
      `Its editor is not known yet: add its pins to workflows/versions.json before a frontend uses it.`,
    );
  }
  console.log(`Next: npx comfymulti workflows check --worker ${version.data}`);
}

function parseAddress(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url && /^https?:$/.test(url.protocol)) {
    if (!url.pathname.endsWith("/")) url.pathname += "/";
    return url;
  }
  throw new VisibleError(`${address} is no address: give one such as http://127.0.0.1:8188.`);
}

function captureOf(answer: unknown) {
  try {
    return toCapture(answer);
  } catch (error) {
    if (error instanceof CaptureError) throw new VisibleError(error.message);
    throw error;
  }
}

const customNodes = (captured: ReturnType<typeof toCapture>): number =>
  Object.values(captured).filter(({ python_module: module }) => module?.startsWith("custom_nodes."))
    .length;

async function getJson(base: URL, route: string): Promise<unknown> {
  const url = new URL(route, base);
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    return JSON.parse(await boundedText(answer)) as unknown;
  } catch (error) {
    const { message, cause } = error as Error;
    const why = cause instanceof Error ? cause.message : message;
    throw new VisibleError(
      `${url.href} could not be read (${why}): check that ComfyUI runs there and can be reached from here.`,
    );
  }
}

async function boundedText(answer: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of answer.body ?? []) {
    bytes += piece.length;
    if (bytes > MOST_BYTES) throw new Error(`more than ${MOST_BYTES} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}
