/**
 * What the replicas are, kept on disk: while none is up, the slots are registered with it, so that
 * jobs are accepted and wake a replica.
 */
import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename } from "node:fs/promises";
import path from "node:path";
import { replicaFactsSchema, type ReplicaFacts } from "@comfymulti/queue";

/** Undefined when there is none, or it can't be read: a replica is asked again. */
export async function readFacts(file: string): Promise<ReplicaFacts | undefined> {
  try {
    return replicaFactsSchema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch {
    return undefined;
  }
}

export async function writeFacts(file: string, facts: ReplicaFacts): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const draft = `${file}.${randomUUID()}`;
  const handle = await open(draft, "wx", 0o600);
  try {
    await handle.writeFile(JSON.stringify(facts));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
}
