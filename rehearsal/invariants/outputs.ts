/** The listing of a user's outputs, from the host's API. */
import { z } from "zod";
import { listedFileSchema, type Facts } from "./facts.ts";

const ANSWER_MS = 60_000;

export interface GatewayAddress {
  /** Any address of the platform; the path does not matter. */
  readonly url: string;
  readonly adminToken: string;
}

const answerSchema = z.object({ files: z.array(listedFileSchema) });

export async function readOutputs(
  { url, adminToken }: GatewayAddress,
  users: readonly string[],
): Promise<Facts["outputs"]> {
  const outputs = [];
  for (const user of users) {
    const answer = await fetch(new URL(`/api/v1/users/${user}/outputs`, url), {
      headers: { authorization: `Bearer ${adminToken}` },
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (!answer.ok) {
      throw new Error(`The outputs of ${user} can't be listed (HTTP ${answer.status}).`);
    }
    outputs.push({ user, ...answerSchema.parse(await answer.json()) });
  }
  return outputs;
}
