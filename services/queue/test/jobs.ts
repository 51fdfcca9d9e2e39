/** What the queue's tests enqueue and complete. */
import { setTimeout as pause } from "node:timers/promises";
import type { NewJob } from "../src/index.ts";

let serial = 0;

export const newJob = (user: string, extra: Partial<NewJob> = {}): NewJob => ({
  id: `job-${process.pid}-${++serial}`,
  user,
  clientId: "browser",
  payload: {
    prompt: { "1": { class_type: "X", inputs: {} } },
    extraData: {},
    outputsToExecute: ["1"],
  },
  costSeconds: 10,
  vramMiB: 0,
  ...extra,
});

export const result = {
  outputs: { "1": { images: [{ filename: "a.png" }] } },
  meta: {},
  messages: [],
};

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(5);
}
