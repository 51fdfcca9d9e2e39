/** What an `SshKey` is declared by and what is known of one that exists. */
import { z } from "zod";
import { taggableName } from "./names.ts";

export const sshKeyInputs = z.strictObject({
  name: taggableName,
  publicKey: z
    .string()
    .max(16_384)
    .regex(
      /^(ssh-|ecdsa-|sk-)[A-Za-z0-9@.-]+ [A-Za-z0-9+/]+=*( [^\r\n]*)?$/,
      "must be one line of a public key, such as 'ssh-ed25519 AAAA… name'",
    ),
});
export const sshKeyState = z.object({
  ...sshKeyInputs.shape,
  fullName: z.string(),
  fingerprint: z.string().optional(),
});
export type SshKeyInputs = z.output<typeof sshKeyInputs>;
export type SshKeyState = z.output<typeof sshKeyState>;
