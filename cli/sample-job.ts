/** Proves that the platform renders: a real graph through user001's gateway, its picture checked. */
import { templates } from "@comfymulti/workflows";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import type { Platform } from "../stacks/outputs.ts";
import { VisibleError } from "./visible-error.ts";

const TEMPLATE = "example_workflow";
const PATIENCE_SECONDS = 120;
const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

const imageSchema = z.object({ filename: z.string(), subfolder: z.string(), type: z.string() });
const historySchema = z.record(
  z.string(),
  z.object({
    status: z.object({ status_str: z.string() }),
    outputs: z.record(z.string(), z.looseObject({ images: z.array(imageSchema).optional() })),
  }),
);

export interface SampleJob {
  readonly user: string;
  readonly seconds: number;
  /** Where the checked picture was saved. */
  readonly file: string;
  readonly width: number;
  readonly height: number;
}

/** @throws VisibleError when the job is refused, fails, takes too long, or its picture is none */
export async function runSampleJob(platform: Platform): Promise<SampleJob> {
  const [user] = platform.users;
  const template = templates.find(({ id }) => id === TEMPLATE);
  if (!user || !template) throw new Error("a platform has a user and the sample's template");
  const start = Date.now();
  const call = (route: string, init?: RequestInit) =>
    fetch(new URL(route, user.url), {
      ...init,
      headers: { authorization: `Bearer ${user.token}`, "content-type": "application/json" },
      signal: AbortSignal.timeout(30_000),
    });

  const id = randomUUID();
  const submitted = await call("prompt", {
    method: "POST",
    body: JSON.stringify({ prompt: template.api, prompt_id: id, client_id: "comfymulti" }),
  });
  if (!submitted.ok) {
    throw new VisibleError(`The gateway refused the sample job: ${await submitted.text()}`);
  }
  const [image] = await waitForImages(call, id);
  if (!image) throw new VisibleError("The sample job ended without a picture.");

  const view = await call(`view?${new URLSearchParams(image).toString()}`);
  const picture = Buffer.from(await view.arrayBuffer());
  if (!view.ok || !picture.subarray(0, 8).equals(PNG_SIGNATURE)) {
    throw new VisibleError(`The sample job's picture is no PNG (HTTP ${view.status}).`);
  }
  const file = path.join(platform.directories?.data ?? process.cwd(), "sample-job.png");
  writeFileSync(file, picture);
  return {
    user: user.id,
    seconds: (Date.now() - start) / 1000,
    file,
    // A PNG's IHDR follows the signature: length, "IHDR", width, height.
    width: picture.readUInt32BE(16),
    height: picture.readUInt32BE(20),
  };
}

async function waitForImages(call: (route: string) => Promise<Response>, id: string) {
  for (const start = Date.now(); Date.now() - start < PATIENCE_SECONDS * 1000; await pause(100)) {
    const entry = historySchema.parse(await (await call(`history/${id}`)).json())[id];
    if (!entry) continue;
    if (entry.status.status_str !== "success") {
      throw new VisibleError(`The sample job ended with "${entry.status.status_str}".`);
    }
    return Object.values(entry.outputs).flatMap(({ images }) => images ?? []);
  }
  throw new VisibleError(
    `The sample job has not ended after ${PATIENCE_SECONDS} s: npx comfymulti status shows which service is not well.`,
  );
}
