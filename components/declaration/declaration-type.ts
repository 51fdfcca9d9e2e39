import { z } from "zod";
import type { ResourceType } from "../provider-plugin/resource-type.ts";
import { declarationSchema, type DeclaredPlatform } from "./declaration.ts";

/**
 * Nothing of an old state is used, so that a state which another version of this project wrote can
 * be read and removed; the comparison with the inputs then brings it up to date.
 */
const stateSchema = z.custom<DeclaredPlatform>(
  (value) => typeof value === "object" && value !== null,
);

/** Provider side of `Declaration`: it exists in the state alone. */
export const declarationType: ResourceType<DeclaredPlatform, DeclaredPlatform> = {
  name: "Declaration",
  inputs: declarationSchema,
  state: stateSchema,
  secrets: [],
  replacedBy: [],

  async create(inputs) {
    return { id: inputs.kind, state: inputs };
  },
  async read(state) {
    return state;
  },
  async update(_old, next) {
    return next;
  },
  async delete() {
    // Nothing exists outside the state.
  },
};
