/** Examples of rules on what is rented, stored and paid for. */
import type { Example, ExamplesByRule } from "./example.ts";
import { declared, fromNow, home, withWorkers, workshop } from "./platforms.ts";

const kept = declared(workshop);

const bucket = (change: Readonly<Record<string, unknown>> = {}): Example => ({
  type: "cloudflare:index/r2Bucket:R2Bucket",
  props: {
    accountId: "account",
    name: "comfyume-model-vault-backups",
    jurisdiction: "eu",
    ...change,
  },
  protect: true,
});
const opened = (
  resource: "r2ManagedDomain:R2ManagedDomain" | "r2CustomDomain:R2CustomDomain",
  enabled?: boolean,
): Example => ({
  type: `cloudflare:index/${resource}`,
  props: { accountId: "account", bucketName: "comfyume-user-files-backups", enabled },
});
const volume = (protect: boolean): Example => ({
  type: "verda:index:Volume",
  props: { name: "models", type: "NVMe_Shared", size: 200, locationCode: "FIN-01" },
  protect,
});
const instance = (isSpot: boolean): Example => ({
  type: "verda:index:Instance",
  props: { hostname: "worker-1", instanceType: "1H100.80S.30V", isSpot },
});
const restoring = (endpoint: string): Example => ({
  type: "comfymulti:index:Process",
  props: {
    name: "worker-1",
    directory: "/tmp",
    version: "1",
    command: ["true"],
    workingDirectory: "/tmp",
    health: { kind: "http", url: "http://127.0.0.1:1/health" },
    environment: { MODEL_VAULT_ENDPOINT: endpoint },
  },
});

export const rentedExamples: ExamplesByRule = {
  "vram-fits-templates": {
    kept: [kept, declared(home)],
    broken: [
      {
        ...withWorkers({ gpuVramMiB: 49_140 }),
        says: "must have at least 59268 MiB for ltx2_text_to_video, not 49140",
      },
      { ...withWorkers({ gpuVramMiB: undefined }), says: "not an unknown size" },
    ],
  },
  "shared-filesystem-mounted": {
    kept: [kept, declared(home)],
    broken: [
      {
        ...declared(workshop, { sharedFilesystem: { sizeGb: 200, mountedBy: ["worker-1"] } }),
        says: "must be mounted by every rented worker, and is not by worker-2",
      },
      {
        ...declared(workshop, {
          sharedFilesystem: { sizeGb: 20, mountedBy: ["worker-1", "worker-2"] },
        }),
        says: "not 20 GB",
      },
    ],
  },
  "model-vault-eu": {
    kept: [bucket(), restoring("https://account.eu.r2.cloudflarestorage.com")],
    broken: [
      { ...bucket({ jurisdiction: undefined }), says: "must be in jurisdiction eu, not default" },
      {
        ...restoring("https://account.r2.cloudflarestorage.com"),
        says: "MODEL_VAULT_ENDPOINT must name the EU endpoint of R2",
      },
    ],
  },
  "buckets-private": {
    kept: [opened("r2ManagedDomain:R2ManagedDomain", false)],
    broken: [
      {
        ...opened("r2ManagedDomain:R2ManagedDomain", true),
        says: "Bucket comfyume-user-files-backups must not be public",
      },
      { ...opened("r2CustomDomain:R2CustomDomain"), says: "set enabled: false, or remove it" },
    ],
  },
  "protected-data-volumes": {
    kept: [volume(true), bucket()],
    broken: [
      { ...volume(false), says: "holds data and must be protected" },
      { ...bucket(), protect: false, says: "set protect: true" },
    ],
  },
  "monitoring-present": {
    kept: [kept, declared(home)],
    broken: [
      { ...declared(workshop, { monitoring: false }), says: "A live stack must have monitoring" },
    ],
  },
  "workshop-has-end": {
    kept: [kept, declared(home)],
    broken: [
      { ...declared(workshop, { endsAt: undefined }), says: "an end ahead of now, not none" },
      {
        ...declared(workshop, { endsAt: "2026-01-01T18:00:00Z" }),
        says: "not 2026-01-01T18:00:00Z",
      },
    ],
  },
  "budget-not-exceeded": {
    kept: [kept, declared(home)],
    broken: [
      {
        ...declared(workshop, { endsAt: fromNow(40) }),
        says: "must cost at most 100 EUR until its end, not 200 (40.0 h × 5)",
      },
      { ...declared(workshop, { budget: undefined }), says: "must have a budget, not none" },
    ],
  },
  "spot-only-in-staging": {
    kept: [kept, instance(false)],
    broken: [
      { ...instance(true), says: "must be rented on demand, not on spot" },
      { ...withWorkers({ spot: true }), says: "worker-1 must be rented on demand" },
    ],
  },
};
