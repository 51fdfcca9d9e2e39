import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { ResourceType } from "../provider-plugin/resource-type.ts";

const inputsSchema = z.strictObject({
  /** Random characters (6 bits each); 43 are 256 bits. */
  length: z.number().int().min(22).max(256).default(43),
  /** Put before the random characters, so that a token shows what it is for. */
  prefix: z
    .string()
    .max(32)
    .regex(/^[A-Za-z0-9_-]*$/, "may hold letters, digits, - and _")
    .default(""),
  /** Any change of these rotates the token. */
  keepers: z.record(z.string(), z.string()).default({}),
});
const stateSchema = z.object({ ...inputsSchema.shape, value: z.string() });
type Inputs = z.infer<typeof inputsSchema>;
type State = z.infer<typeof stateSchema>;

/** Provider side of `Token`: a secret that exists in the state alone. */
export const tokenType: ResourceType<Inputs, State> = {
  name: "Token",
  inputs: inputsSchema,
  state: stateSchema,
  secrets: ["value"],
  replacedBy: ["length", "prefix", "keepers"],

  async create(inputs) {
    const value = inputs.prefix + randomToken(inputs.length);
    return { id: randomBytes(8).toString("hex"), state: { ...inputs, value } };
  },
  async read(state) {
    return state;
  },
  async delete() {
    // Nothing exists outside the state.
  },
};

/** `length` characters of the URL-safe base64 alphabet, from the system's random source. */
function randomToken(length: number): string {
  return randomBytes(Math.ceil((length * 6) / 8))
    .toString("base64url")
    .slice(0, length);
}
