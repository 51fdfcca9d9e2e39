/** Tells one life of a stack from the next, which may find the same Redis. */
import { createHash } from "node:crypto";
import type { Environment } from "./environment.ts";

/** A stack that is made anew gets a new admin token; the hash says nothing of it. */
export const lifeOf = ({ ADMIN_TOKEN }: Pick<Environment, "ADMIN_TOKEN">): string =>
  createHash("sha256").update(`life ${ADMIN_TOKEN}`).digest("hex").slice(0, 16);
