/**
 * The workflows that a ComfyUI's own editor lists, through its userdata API. ComfyUI takes a file's
 * name as one path segment, so `/` in it is sent as `%2F`; decoded on the way, saving is refused.
 */
import { z } from "zod";
import type { ComfyuiClient } from "./client.ts";
import { FileMissingError } from "./errors.ts";

const FOLDER = "workflows";

const namesSchema = z.array(z.string());

/** A workflow's name within the editor's list: folders with `/`, ends in `.json`. */
export const workflowNameSchema = z
  .string()
  .max(256)
  .regex(/\.json$/, "must end in .json")
  .refine(
    (name) =>
      !name.split("/").some((part) => ["", ".", ".."].includes(part)) && !/[\\\0]/.test(name),
    "must be a name below the workflows folder",
  );

const pathOf = (name: string): string =>
  `userdata/${encodeURIComponent(`${FOLDER}/${workflowNameSchema.parse(name)}`)}`;

/** Names of all saved workflows; none where nothing was ever saved. */
export async function listWorkflows(comfyui: ComfyuiClient): Promise<readonly string[]> {
  const query = new URLSearchParams({ dir: FOLDER, recurse: "true", split: "false" });
  const answer = await comfyui.call("GET", `userdata?${query.toString()}`, {
    expected: [200, 404],
  });
  return answer.status === 404 ? [] : namesSchema.parse(JSON.parse(answer.text));
}

/** A saved workflow as it was saved. Throws FileMissingError. */
export async function readWorkflow(comfyui: ComfyuiClient, name: string): Promise<string> {
  const answer = await comfyui.call("GET", pathOf(name), { expected: [200, 404] });
  if (answer.status === 404) throw new FileMissingError(`ComfyUI has no workflow ${name}.`);
  return answer.text;
}

/** Saves a workflow (JSON text). False when one of this name exists and `overwrite` is false. */
export async function saveWorkflow(
  comfyui: ComfyuiClient,
  name: string,
  json: string,
  overwrite: boolean,
): Promise<boolean> {
  const path = `${pathOf(name)}?overwrite=${String(overwrite)}`;
  const answer = await comfyui.call("POST", path, { body: json, expected: [200, 409] });
  return answer.status === 200;
}
