import { mkdtemp, readdir, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Spool } from "./spool.ts";
import type { SpoolEntry } from "./spool.ts";

const holder = { worker: "worker-1", job: "job-1", attempt: 1 };
const source = { filename: "a.png", subfolder: "", type: "output" as const };
const ending = { kind: "completed" as const, result: { outputs: {}, meta: {}, messages: [] } };

let directory: string;
let spool: Spool;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "comfymulti-spool-"));
  spool = new Spool(directory);
});
afterEach(() => rm(directory, { recursive: true }));

/** What a new process finds, and what it throws away. */
async function found(): Promise<{ entries: readonly SpoolEntry[]; discarded: string[] }> {
  const discarded: string[] = [];
  const entries = await new Spool(directory).leftovers((_name, why) => discarded.push(why));
  return { entries, discarded };
}

it("gives a finished result back to the next process, with size and sha256 of its files", async () => {
  const entry = await spool.create(holder, 30_000);
  await entry.add(source, Readable.from([Buffer.from("he"), Buffer.from("llo")]));
  await entry.finish(ending);
  const [again] = (await found()).entries;
  expect(again?.record).toEqual({
    holder,
    leaseMs: 30_000,
    files: [
      {
        source,
        blob: "file-0",
        size: 5,
        sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
      },
    ],
    withheld: [],
    ending,
  });
});

it("throws away what a job left that had not ended", async () => {
  const entry = await spool.create(holder, 30_000);
  await entry.add(source, Readable.from([Buffer.from("half")]));
  expect(await found()).toEqual({ entries: [], discarded: ["the job had not ended"] });
  expect(await readdir(directory)).toEqual([]);
});

it("throws away a result whose file is not whole", async () => {
  const entry = await spool.create(holder, 30_000);
  await entry.add(source, Readable.from([Buffer.from("hello")]));
  await entry.finish(ending);
  await truncate(join(entry.path, "file-0"), 2);
  expect((await found()).discarded).toEqual(["a file of it is missing"]);
});
