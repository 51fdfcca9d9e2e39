/** Secrets that a stack makes for itself. */
export { Token } from "./token.ts";
export type { TokenArgs } from "./token.ts";
