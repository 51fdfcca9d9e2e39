/**
 * What outlives a stack. Buckets that no update may delete are meant to, with their rules; so is what the
 * host names. Disks are protected against updates alone: they are rented, and go with the rest.
 */
import { z } from "zod";
import { untagged } from "../../components/verda/tag.ts";
import { VisibleError } from "../visible-error.ts";
import type { DeclaredResource } from "./engine-stack.ts";

const isBucket = ({ type }: DeclaredResource): boolean => /:R2Bucket$/i.test(type);
const isRented = ({ type }: DeclaredResource): boolean => type.startsWith("verda:");

const namesOf = ({ name, id, fullName }: DeclaredResource): string[] => [
  ...[name, id],
  ...(fullName === undefined ? [] : [fullName, untagged(fullName)]),
];

/**
 * @param keep Names or ids of what the host wants to keep, such as `fleet-shared-filesystem`
 * @returns URNs
 */
export function keptUrns(
  resources: readonly DeclaredResource[],
  keep: readonly string[],
): string[] {
  const buckets = new Set(
    resources
      .filter((resource) => isBucket(resource) && resource.isProtected)
      .flatMap((bucket) => namesOf(bucket)),
  );
  // Without its rules a bucket would keep for ever what was promised to be deleted.
  const isOfKeptBucket = ({ bucketName }: DeclaredResource) =>
    bucketName !== undefined && buckets.has(bucketName);
  const meant = resources.filter(
    (resource) =>
      (resource.isProtected && !isRented(resource)) ||
      isOfKeptBucket(resource) ||
      namesOf(resource).some((name) => keep.includes(name)),
  );
  // The engine destroys nothing that something which stays depends on.
  return [...new Set(meant.flatMap(({ urn, dependencies }) => [urn, ...dependencies]))];
}

/** @throws VisibleError when nothing of the stack has such a name */
export function assertKnown(resources: readonly DeclaredResource[], keep: readonly string[]): void {
  const known = new Set(resources.flatMap(namesOf));
  const unknown = keep.filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  const disks = resources.filter(
    (resource) => isRented(resource) && resource.type.endsWith("Volume"),
  );
  throw new VisibleError(
    `Nothing of this stack is called ${unknown.join(", ")}, so it can't be kept. Its disks are: ${disks.map(({ name }) => name).join(", ") || "none"}.`,
  );
}

const deploymentSchema = z.looseObject({
  resources: z
    .array(z.looseObject({ urn: z.string() }))
    .nullish()
    .transform((list) => list ?? []),
});

/** A deployment, as the engine exports it, in which exactly these are protected. */
export function withProtection(deployment: object, kept: ReadonlySet<string>): object {
  const { resources, ...rest } = deploymentSchema.parse(deployment);
  return {
    ...rest,
    resources: resources.map((resource) => ({ ...resource, protect: kept.has(resource.urn) })),
  };
}
