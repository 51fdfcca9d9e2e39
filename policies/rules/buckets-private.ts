import type { ResourceValidationPolicy } from "@pulumi/policy";

/** Resources that open a bucket to everybody: r2.dev's address, and a domain of one's own. */
const OPENINGS: readonly string[] = [
  "cloudflare:index/r2ManagedDomain:R2ManagedDomain",
  "cloudflare:index/r2CustomDomain:R2CustomDomain",
];

/** Backups hold participants' files, and the vault holds models whose licences forbid sharing. */
export const bucketsPrivate: ResourceValidationPolicy = {
  name: "buckets-private",
  description: "Checks that no bucket is opened to the public.",
  validateResource: ({ type, props, name }, report) => {
    if (!OPENINGS.includes(type) || props["enabled"] === false) return;
    report(
      `Bucket ${String(props["bucketName"])} must not be public, and ${name} opens it: set enabled: false, or remove it.`,
    );
  },
};
