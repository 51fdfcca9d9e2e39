/** A preview on the wire between worker and gateway: who it is for, then ComfyUI's own frame. */
import { z } from "zod";
import type { Preview } from "./contract.ts";

const headSchema = z.tuple([z.string(), z.string(), z.number()]);
const HEAD_LENGTH_BYTES = 2;

export function encodePreview({ job, clientId, attempt, frame }: Preview): Buffer {
  const head = Buffer.from(JSON.stringify([job, clientId, attempt]));
  const length = Buffer.alloc(HEAD_LENGTH_BYTES);
  length.writeUInt16BE(head.length);
  return Buffer.concat([length, head, frame]);
}

export function decodePreview(message: Buffer): Preview {
  const end = HEAD_LENGTH_BYTES + message.readUInt16BE(0);
  const [job, clientId, attempt] = headSchema.parse(
    JSON.parse(message.toString("utf8", HEAD_LENGTH_BYTES, end)),
  );
  return { job, clientId, attempt, frame: message.subarray(end) };
}
