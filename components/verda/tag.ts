/**
 * How a thing on Verda shows to whom it belongs: a tag in its name (an instance: in its
 * description; a deployment: in an environment variable). By it a `create` that was cut off before
 * the engine wrote its state finds again what it made, and `orphans.ts` what nobody knows of.
 *
 * `cm-<8 hex of project and stack>-<8 hex of the resource's URN>`
 */
import { createHash } from "node:crypto";

/** A stack of a project. */
export interface Scope {
  readonly project: string;
  readonly stack: string;
}

const TAG = /cm-[0-9a-f]{8}-[0-9a-f]{8}/;
const TAG_AT_END = new RegExp(`-${TAG.source}$`);

/** What every tag of a stack begins with. */
export function scopeTag({ project, stack }: Scope): string {
  return `cm-${hashOf(`${project}/${stack}`)}-`;
}

/** @param urn Begins `urn:pulumi:<stack>::<project>::`. */
export function scopeOf(urn: string): Scope {
  const [first = "", project = ""] = urn.split("::");
  return { project, stack: first.replace(/^urn:pulumi:/, "") };
}

export function tagOf(urn: string): string {
  return scopeTag(scopeOf(urn)) + hashOf(urn);
}

export function tagged(name: string, tag: string): string {
  return `${name}-${tag}`;
}

/** The name as declared; one without a tag stays as it is. */
export function untagged(name: string): string {
  return name.replace(TAG_AT_END, "");
}

export function tagIn(text: string): string | undefined {
  return TAG.exec(text)?.[0];
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
