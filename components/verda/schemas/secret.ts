/** What a `Secret` is declared by and what is known of one that exists. */
import { z } from "zod";
import { hostLabel } from "./names.ts";

export const secretInputs = z.strictObject({
  name: hostLabel.max(42, "may have at most 42 characters"),
  value: z
    .string()
    .min(1)
    .max(64 * 1024),
});
export const secretState = z.object({
  ...secretInputs.shape,
  /** The name on Verda: what an environment variable of type `secret` refers to. */
  fullName: z.string(),
  createdAt: z.string().optional(),
});
export type SecretInputs = z.output<typeof secretInputs>;
export type SecretState = z.output<typeof secretState>;
