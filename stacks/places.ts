/** Folders of a stack on this machine. */
import { comfyuiVersions } from "@comfymulti/workflows";
import { homedir } from "node:os";
import path from "node:path";
import { repository } from "../components/installation.ts";

/** What belongs to this checkout alone. `COMFYMULTI_HOME` moves it. */
export const workDirectory = process.env.COMFYMULTI_HOME ?? path.join(repository, ".comfymulti");

/** What all checkouts share. `COMFYMULTI_CACHE` moves it; the same rule as in tools/setup/places.mjs. */
export const cacheDirectory =
  process.env.COMFYMULTI_CACHE ??
  path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), ".cache"), "comfymulti");

export function stackDirectories(stack: string): { data: string; logs: string } {
  const data = path.join(workDirectory, "stacks", stack);
  return { data, logs: path.join(data, "logs") };
}

/** Where set-up unpacks the official frontend that a ComfyUI version requires. */
export function bundleDirectory(comfyuiVersion: string): string {
  const pin = comfyuiVersions[comfyuiVersion];
  if (!pin) throw new Error(`No frontend package is known for ComfyUI ${comfyuiVersion}.`);
  return path.join(cacheDirectory, "frontend", pin.frontendPackage);
}
