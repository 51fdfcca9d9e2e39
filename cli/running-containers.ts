/** The containers of an app server, asked by docker over ssh. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { z } from "zod";
import type { Platform } from "../stacks/outputs.ts";

const lineSchema = z.object({
  Names: z.string(),
  State: z.string(),
  Status: z.string(),
  Image: z.string(),
});

/** Seconds; a machine that is gone does not answer at all. */
const PATIENCE_SECONDS = 20;

/** @returns nothing when docker or the machine can't be reached */
export async function runningContainers({
  dockerAddress,
  containerPrefix,
}: NonNullable<Platform["appServer"]>): Promise<
  { name: string; status: string; version: string }[]
> {
  try {
    const { stdout } = await promisify(execFile)(
      "docker",
      [
        ...["-H", dockerAddress, "ps", "--all", "--format", "{{json .}}"],
        ...["--filter", `label=comfymulti.stack=${containerPrefix}`],
      ],
      { timeout: PATIENCE_SECONDS * 1000 },
    );
    const lines = stdout.split("\n").filter((line) => line !== "");
    return lines
      .map((line) => lineSchema.parse(JSON.parse(line)))
      .map(({ Names, State, Status, Image }) => ({
        name: Names.slice(containerPrefix.length + 1),
        // "Up 2 hours (healthy)"
        status: /\((healthy|unhealthy|health: starting)\)/.exec(Status)?.[1] ?? State,
        version: Image,
      }));
  } catch {
    return [];
  }
}
