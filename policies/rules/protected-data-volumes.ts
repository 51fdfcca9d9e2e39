import type { ResourceValidationPolicy } from "@pulumi/policy";

/** Resources that hold what nobody can make again. */
const HOLD_DATA: readonly string[] = [
  "verda:index:Volume",
  "docker:index/volume:Volume",
  "cloudflare:index/r2Bucket:R2Bucket",
];

/** A renamed volume is, to an engine, one to delete and one to create. */
export const protectedDataVolumes: ResourceValidationPolicy = {
  name: "protected-data-volumes",
  description: "Checks that no update can delete a volume or bucket that holds data.",
  validateResource: ({ type, name, opts }, report) => {
    if (!HOLD_DATA.includes(type) || opts.protect) return;
    report(`${name} holds data and must be protected, not free to delete: set protect: true.`);
  },
};
