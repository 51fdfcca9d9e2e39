/** A payload as it lies in Redis. Importable without a connection, so that a thread can make it. */
import { packText, unpack } from "./compression.ts";
import { jobPayloadSchema, type JobPayload, type PackedPayload } from "./protocol.ts";

/** Compresses a payload for `enqueue`. */
export async function packPayload(payload: JobPayload): Promise<PackedPayload> {
  const json = JSON.stringify(payload);
  return { packed: await packText(json), bytes: Buffer.byteLength(json) };
}

export async function unpackPayload(packed: Buffer): Promise<JobPayload> {
  return jobPayloadSchema.parse(await unpack(packed));
}
