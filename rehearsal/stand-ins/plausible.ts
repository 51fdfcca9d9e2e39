/** Ids and outputs as the real providers give them, as far as programs look at them. */
import { randomBytes } from "node:crypto";
import type { Kind } from "./schemas/schema.ts";

type Properties = Readonly<Record<string, unknown>>;

const hexadecimal = (digits: number) => randomBytes(digits / 2).toString("hex");
const digest = () => `sha256:${hexadecimal(64)}`;
const text = (value: unknown) => (typeof value === "string" ? value : "");
const now = () => new Date().toISOString();

/** Types whose id is not just random digits. */
const ids: Readonly<Record<string, (inputs: Properties) => string>> = {
  "docker:index/container:Container": () => hexadecimal(64),
  "docker:index/network:Network": () => hexadecimal(64),
  "docker:index/volume:Volume": ({ name }) => text(name),
  "cloudflare:index/r2Bucket:R2Bucket": ({ name }) => text(name),
  "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle": ({ bucketName }) => text(bucketName),
  "cloudflare:index/r2BucketLock:R2BucketLock": ({ bucketName }) => text(bucketName),
  "cloudflare:index/r2ManagedDomain:R2ManagedDomain": ({ bucketName }) => text(bucketName),
  "cloudflare:index/zoneSetting:ZoneSetting": ({ settingId }) => text(settingId),
  "tailscale:index/acl:Acl": () => "acl",
  "tailscale:index/dnsPreferences:DnsPreferences": () => "dns_preferences",
  "tailscale:index/tailnetKey:TailnetKey": () => `k${hexadecimal(8)}CNTRL`,
};

/** Outputs that the kind of their value alone does not make plausible. */
const outputs: Readonly<Record<string, (inputs: Properties) => Properties>> = {
  "docker:index/image:Image": ({ imageName }) => ({ repoDigest: `${text(imageName)}@${digest()}` }),
  "docker:index/registryImage:RegistryImage": () => ({ sha256Digest: digest() }),
  "docker:index/remoteImage:RemoteImage": ({ name }) => ({
    imageId: digest(),
    repoDigest: `${text(name).split("@")[0]}@${text(name).split("@")[1] ?? digest()}`,
  }),
  "docker:index/volume:Volume": ({ name }) => ({
    mountpoint: `/var/lib/docker/volumes/${text(name)}/_data`,
  }),
  "cloudflare:index/accountToken:AccountToken": () => ({
    value: hexadecimal(40),
    status: "active",
  }),
  "cloudflare:index/r2Bucket:R2Bucket": () => ({
    jurisdiction: "default",
    location: "WEUR",
    storageClass: "Standard",
  }),
  "tailscale:index/tailnetKey:TailnetKey": () => ({
    key: `tskey-auth-k${hexadecimal(8)}CNTRL-${hexadecimal(32)}`,
  }),
  "docker:index/getRegistryImage:getRegistryImage": () => ({ sha256Digest: digest() }),
};

export const plausibleId = (type: string, inputs: Properties): string =>
  ids[type]?.(inputs) ?? hexadecimal(32);

/** Outputs of a type: those that are computed, and those that are computed unless they are given. */
export function plausibleOutputs(
  type: string,
  computed: Readonly<Record<string, Kind>>,
  inputs: Properties,
): Record<string, unknown> {
  const generic = Object.entries(computed).map(([name, kind]) => [name, ofKind(name, kind)]);
  return { ...Object.fromEntries(generic), ...outputs[type]?.(inputs) };
}

function ofKind(name: string, kind: Kind): unknown {
  switch (kind) {
    case "string":
      return /(At|On|Date|expires|created|lastSeen)$/.test(name) ? now() : "";
    case "number":
      return 0;
    case "boolean":
      return false;
    case "array":
      return [];
    case "object":
      return {};
  }
}
