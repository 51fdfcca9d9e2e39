/** Whether this is the image that it says it is: Node, and ComfyUI's source at the expected version. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { comfyuiVersions } from "@comfymulti/workflows";
import { fail, ok, warn } from "./check.ts";
import type { Verdict } from "./check.ts";
import type { VerifySettings } from "./settings.ts";

/** Type stripping is stable from here on. */
const OLDEST_NODE = [24, 12] as const;

export async function checkImage(
  { COMFYUI_VERSION: expected, COMFYUI_DIRECTORY: directory }: VerifySettings,
  nodeVersion = process.versions.node,
): Promise<Verdict> {
  const [major = 0, minor = 0] = nodeVersion.split(".").map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    return fail(
      `Node ${nodeVersion} is too old: the worker needs ${OLDEST_NODE.join(".")} or newer.`,
    );
  }
  if (expected === undefined) {
    return warn(
      `Node ${nodeVersion}. COMFYUI_VERSION is not set, so ComfyUI's version can't be judged: the worker's image sets it.`,
    );
  }
  if (!Object.hasOwn(comfyuiVersions, expected)) {
    return fail(
      `COMFYUI_VERSION ${expected} is not known here: use one of ${Object.keys(comfyuiVersions).join(", ")}, or add it to workflows/versions.json.`,
    );
  }
  const source = await readFile(join(directory, "comfyui_version.py"), "utf8").catch(() => "");
  const found = /__version__ = "([^"]{1,50})"/.exec(source)?.[1];
  if (found === undefined) {
    return warn(
      `Node ${nodeVersion}. ${directory} holds no ComfyUI: right when it runs elsewhere, otherwise set COMFYUI_DIRECTORY.`,
    );
  }
  if (found !== expected) {
    return fail(
      `${directory} holds ComfyUI ${found}, the image should have ${expected}: deploy the image that was built for ${expected}.`,
    );
  }
  return ok(`Node ${nodeVersion}, ComfyUI ${found}.`);
}
