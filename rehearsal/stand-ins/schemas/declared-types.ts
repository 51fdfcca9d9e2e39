/**
 * Which resource types and functions the stand-ins know: those that this project declares or may
 * declare. A new one is added here, then `node rehearsal/stand-ins/schemas/generate.ts`.
 */

export const standInNames = ["docker", "cloudflare", "tailscale", "command"] as const;
export type StandInName = (typeof standInNames)[number];

interface DeclaredTypes {
  readonly resources: readonly string[];
  readonly functions: readonly string[];
}

export const declaredTypes: Readonly<Record<StandInName, DeclaredTypes>> = {
  docker: {
    resources: [
      "docker:index/container:Container",
      "docker:index/image:Image",
      "docker:index/network:Network",
      "docker:index/registryImage:RegistryImage",
      "docker:index/remoteImage:RemoteImage",
      "docker:index/tag:Tag",
      "docker:index/volume:Volume",
    ],
    functions: ["docker:index/getRegistryImage:getRegistryImage"],
  },
  cloudflare: {
    resources: [
      "cloudflare:index/accountToken:AccountToken",
      "cloudflare:index/apiToken:ApiToken",
      "cloudflare:index/dnsRecord:DnsRecord",
      "cloudflare:index/r2Bucket:R2Bucket",
      "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle",
      "cloudflare:index/r2BucketLock:R2BucketLock",
      "cloudflare:index/r2CustomDomain:R2CustomDomain",
      "cloudflare:index/r2ManagedDomain:R2ManagedDomain",
      "cloudflare:index/zoneSetting:ZoneSetting",
    ],
    functions: ["cloudflare:index/getZone:getZone"],
  },
  tailscale: {
    resources: [
      "tailscale:index/acl:Acl",
      "tailscale:index/deviceAuthorization:DeviceAuthorization",
      "tailscale:index/deviceTags:DeviceTags",
      "tailscale:index/dnsPreferences:DnsPreferences",
      "tailscale:index/tailnetKey:TailnetKey",
      "tailscale:index/tailnetSettings:TailnetSettings",
    ],
    functions: ["tailscale:index/getDevice:getDevice"],
  },
  command: {
    resources: ["command:local:Command", "command:remote:Command", "command:remote:CopyToRemote"],
    functions: [],
  },
};
