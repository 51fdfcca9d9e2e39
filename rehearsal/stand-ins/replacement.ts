/**
 * Inputs whose change needs a new resource. npm packages do not say; taken from the sources of the
 * Terraform providers that Pulumi's are made of, in July 2026: `ForceNew` in kreuzwerker/docker,
 * `RequiresReplace` in tailscale/tailscale and cloudflare/cloudflare, `replaceOnChanges` in
 * pulumi/pulumi-command. One differs: the provider does
 * not mark a bucket's jurisdiction, and fails, because R2 can't change it; here it replaces.
 */

type Replacing = { readonly only: readonly string[] } | { readonly allBut: readonly string[] };

const bucketRules: Replacing = { only: ["accountId", "bucketName", "jurisdiction"] };

const replacing: Readonly<Record<string, Replacing>> = {
  "docker:index/container:Container": {
    allBut: [
      "attach",
      "containerReadRefreshTimeoutMilliseconds",
      "cpuPeriod",
      "cpuQuota",
      "cpuSet",
      "cpuShares",
      "destroyGraceSeconds",
      "deviceReadBps",
      "deviceReadIops",
      "deviceWriteBps",
      "deviceWriteIops",
      "healthcheck",
      "init",
      "logs",
      "maxRetryCount",
      "memory",
      "memoryReservation",
      "memorySwap",
      "mustRun",
      "removeVolumes",
      "restart",
      "rm",
      "start",
      "tmpfs",
      "wait",
      "waitTimeout",
    ],
  },
  "docker:index/network:Network": { allBut: [] },
  "docker:index/volume:Volume": { allBut: [] },
  "docker:index/tag:Tag": { allBut: [] },
  "docker:index/registryImage:RegistryImage": { only: ["name", "triggers"] },
  "docker:index/remoteImage:RemoteImage": {
    only: ["name", "pullTriggers", "triggers", "platform"],
  },
  "command:local:Command": { only: ["triggers"] },
  "command:remote:Command": { only: ["triggers"] },
  "command:remote:CopyToRemote": { only: ["triggers"] },
  "cloudflare:index/accountToken:AccountToken": { only: ["accountId"] },
  "cloudflare:index/dnsRecord:DnsRecord": { only: ["zoneId", "type"] },
  "cloudflare:index/r2Bucket:R2Bucket": { only: ["accountId", "name", "jurisdiction", "location"] },
  "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle": bucketRules,
  "cloudflare:index/r2BucketLock:R2BucketLock": bucketRules,
  "cloudflare:index/r2CustomDomain:R2CustomDomain": {
    only: ["accountId", "bucketName", "jurisdiction", "domain", "zoneId"],
  },
  "cloudflare:index/r2ManagedDomain:R2ManagedDomain": bucketRules,
  "cloudflare:index/zoneSetting:ZoneSetting": { only: ["settingId", "zoneId"] },
  "tailscale:index/deviceAuthorization:DeviceAuthorization": { only: ["deviceId"] },
  "tailscale:index/deviceTags:DeviceTags": { only: ["deviceId"] },
  "tailscale:index/tailnetKey:TailnetKey": { allBut: ["recreateIfInvalid", "userId"] },
};

/** Those of the changed inputs that need a new resource of this type. */
export function replacedBy(type: string, changed: readonly string[]): string[] {
  const rule = replacing[type] ?? { only: [] };
  return changed.filter((name) =>
    "only" in rule ? rule.only.includes(name) : !rule.allBut.includes(name),
  );
}
