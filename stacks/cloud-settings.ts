/**
 * Settings that only stacks in the cloud have: machines, names, network, storage, images. Each is one
 * object, checked by the schema of the component that it is for, so that a fault names its key.
 */
import { jsonText } from "@comfymulti/configuration";
import { z } from "zod";
import { machineSettingsSchema, replicaSettingsSchema } from "../components/gpu/index.ts";
import {
  backupSettingsSchema,
  certificatesSettingsSchema,
} from "../components/app-server/index.ts";
import { monitoringOptionsSchema } from "../components/app-server/index.ts";
import { registryPasswordsSchema } from "../components/images/index.ts";
import { dnsSettingsSchema, tailnetSettingsSchema } from "../components/network/index.ts";
import { imageSchema as image, vaultSettingsSchema } from "../components/storage/index.ts";

const network = z
  .string()
  .regex(
    /^(10|172\.(1[6-9]|2\d|3[01])|192\.168)(\.\d{1,3}){1,2}\.0\/22$/,
    "must be a private network of 1024 addresses, 172.29.80.0/22",
  )
  .refine(
    (text) => Number(text.split(".")[2]) % 4 === 0 && Number(text.split(".")[2]) < 256,
    "must begin at a multiple of four in its third number, 172.29.80.0/22",
  );

const byVersion = z.record(z.string().regex(/^\d+\.\d+\.\d+$/), image);
export const imagesSettingsSchema = z.strictObject({
  /** services/Dockerfile, target queue-manager. */
  queueManager: image,
  /** services/Dockerfile, target redis. */
  redis: image,
  /** services/Dockerfile, target nginx. */
  nginx: image,
  /** services/certificates/Dockerfile. */
  certificates: image,
  /** services/backup/Dockerfile. */
  backup: image,
  /** services/Dockerfile, target dispatcher. Needed where there is `serverless`. */
  dispatcher: image.optional(),
  /** prom/prometheus. Needed where there is `monitoring`, as are the next five. */
  prometheus: image.optional(),
  /** prom/alertmanager. */
  alertmanager: image.optional(),
  /** grafana/grafana. */
  grafana: image.optional(),
  /** prom/node-exporter. */
  nodeExporter: image.optional(),
  /** oliver006/redis_exporter, the one on Alpine: the other has nothing to check its health with. */
  redisExporter: image.optional(),
  /** prom/blackbox-exporter. */
  blackboxExporter: image.optional(),
  /** Version → image. services/Dockerfile, target frontend. */
  frontend: byVersion,
  /** Version → image. services/frontend/Dockerfile.comfyui. */
  comfyuiFrontend: byVersion.default({}),
  /** Version → image. worker/Dockerfile. */
  worker: byVersion,
});

/** The machine with nginx, Redis, the queue managers and the editors: a VPS that is rented by hand. */
export const appServerSettingsSchema = z.strictObject({
  /** Its public address, which the site's name leads to. */
  ipv4: z.ipv4(),
  /** Default: none. */
  ipv6: z.ipv6().optional(),
  /** Where ssh reaches it. Default: `ipv4`. */
  sshAddress: z.union([z.ipv4(), z.ipv6(), z.hostname()]).optional(),
  /** Account with root's rights, or root. Logs in by the ssh agent. Default root. */
  sshUser: z
    .string()
    .regex(/^[a-z_][a-z0-9_-]{0,31}$/, "must be an account's name, root")
    .default("root"),
  /** Folder that holds everything which outlives a container, one below it for each stack. */
  directory: z
    .string()
    .regex(/^(\/[A-Za-z0-9_][A-Za-z0-9._-]*)+$/, "must be an absolute path, /srv/comfymulti")
    .default("/srv/comfymulti"),
  /** Addresses of its containers; another one where the machine uses these already. */
  containerNetwork: network.default("172.29.80.0/22"),
  /** Most memory of one full ComfyUI as frontend, MB. Default 2048. */
  comfyuiMemoryMb: z.int().min(512).max(65_536).default(2048),
  /** CPU cores of one full ComfyUI. Default 0.5. */
  comfyuiCpus: z.number().positive().max(64).default(0.5),
  /** Swap, MB; 0 = none. Default 4096. */
  swapMb: z.int().min(0).max(262_144).default(4096),
  /** TCP ports that are open to the internet. Without 22, ssh goes over the private network. */
  openPorts: z.array(z.int().min(1).max(65_535)).default([22, 80, 443]),
  /** When it may restart for a new kernel, `04:00`. Default: never by itself. */
  rebootAt: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be a time of day, 04:00")
    .optional(),
});

export const cloudSettings = {
  /** The app server's machine. */
  appServer: jsonText(appServerSettingsSchema).optional(),
  /** The site's name, in a zone of Cloudflare. */
  domain: jsonText(dnsSettingsSchema.omit({ ipv4: true, ipv6: true })).optional(),
  /** The private network. */
  tailnet: jsonText(
    tailnetSettingsSchema.omit({
      projectName: true,
      queueManagerPort: true,
      redisPort: true,
      workerHealthPort: true,
    }),
  ).optional(),
  /** The buckets that this stack makes and keeps. */
  vault: jsonText(vaultSettingsSchema.omit({ projectName: true })).optional(),
  /** Instead of `vault`: the stack whose buckets this one uses, as a guest. */
  vaultOf: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,40}$/, "must be a stack's name, workshop")
    .optional(),
  /** What runs in the containers, by digest. */
  images: jsonText(imagesSettingsSchema).optional(),
  /**
   * Secret. Private registries of images: `{"ghcr.io": {"username": "…", "password": "…"}}`. Default:
   * none. Replicas have theirs at Verda: `serverless.registryCredentials`.
   */
  registryPasswords: jsonText(registryPasswordsSchema).optional(),
  /** The machines of worker-1 … worker-N. Default: those of components/gpu/settings.ts. */
  fleet: jsonText(machineSettingsSchema).optional(),
  /** Workers that Verda starts when jobs come, beside the machines or instead of them. */
  serverless: jsonText(replicaSettingsSchema).optional(),
  /** The site's certificate. */
  certificates: jsonText(certificatesSettingsSchema).optional(),
  /** Secret. For certificates by DNS: Zone Read and DNS Edit of that zone alone. */
  cloudflareDnsToken: z.string().min(20).max(200).optional(),
  /** Schedule and retention of backups. Default: every hour. */
  backup: jsonText(backupSettingsSchema).optional(),
  /**
   * Secret. Encrypts every backup, which nobody can read without it: keep it outside of this stack,
   * too. At least 20 characters: `openssl rand -base64 32`.
   */
  backupPassword: z.string().min(20, "must be at least 20 characters").max(1024).optional(),
  /** Figures, alerts and a dashboard. Default: none; a policy asks a workshop for them. */
  monitoring: jsonText(monitoringOptionsSchema).optional(),
  /** Public key of whoever runs updates, `ssh-ed25519 AAAA… name`: it logs in to rented machines. */
  sshPublicKey: z
    .string()
    .regex(/^(ssh-ed25519|ecdsa-sha2-\S+|ssh-rsa|sk-\S+) [A-Za-z0-9+/=]+( .*)?$/, {
      error: "must be a public key, ssh-ed25519 AAAA…: cat ~/.ssh/id_ed25519.pub",
    })
    .optional(),
  /** Secret. Verda's console → Keys → Inference API Keys; for `serverless`. */
  inferenceKey: z.string().min(8).max(1024).optional(),
};

type CloudSettings = z.output<z.ZodObject<typeof cloudSettings>>;
type Needed =
  | "appServer"
  | "domain"
  | "tailnet"
  | "images"
  | "sshPublicKey"
  | "certificates"
  | "backupPassword";
export type CloudNeeds = {
  readonly [Name in Needed]: NonNullable<CloudSettings[Name]>;
};

/** What a stack in the cloud can't do without, with an example of each. */
const needs = {
  appServer: '{"ipv4": "192.0.2.7"}',
  domain: '{"zoneId": "…", "hostname": "comfy.example.net"}',
  tailnet: '{"dnsName": "tail1234.ts.net"}',
  images: '{"worker": {"0.11.1": "registry.example/comfyui-worker:0.11.1@sha256:…"}}',
  sshPublicKey: "ssh-ed25519 AAAA…",
  certificates: '{"email": "host@example.net"}',
  backupPassword: "a secret: pulumi config set --secret comfymulti:backupPassword",
} as const satisfies Readonly<Record<Needed, string>>;

/** Names of cloud settings, each of which means nothing to a stack on this machine. */
export const cloudSettingNames = Object.keys(cloudSettings) as (keyof CloudSettings)[];

/** Faults of a stack in the cloud: what is missing, each with its property. */
export function cloudFaults(
  settings: CloudSettings & { readonly workers: number },
): { key: string; message: string }[] {
  const missing = Object.entries(needs)
    .filter(([key]) => settings[key as keyof typeof needs] === undefined)
    .map(([key, example]) => ({
      key,
      message: `is needed by a stack in the cloud, for instance ${example}`,
    }));
  const vaults = [settings.vault, settings.vaultOf].filter((value) => value !== undefined);
  return [
    ...missing,
    ...(vaults.length === 1
      ? []
      : [
          {
            key: "vault",
            message:
              'set either this, {"accountId": "…"}, or vaultOf, the name of a stack that has one',
          },
        ]),
    ...(settings.workers === 0 && settings.serverless === undefined
      ? [{ key: "workers", message: "must be at least 1 where there is no comfymulti:serverless" }]
      : []),
    ...imagesMissing(settings).map((name) => ({
      key: `images.${name}`,
      message: "is needed: name:tag@sha256:…",
    })),
    ...(settings.serverless !== undefined && settings.inferenceKey === undefined
      ? [
          {
            key: "inferenceKey",
            message:
              "is needed by comfymulti:serverless: pulumi config set --secret comfymulti:inferenceKey",
          },
        ]
      : []),
  ];
}

/** The settings as a stack in the cloud may count on them. Call it on parsed settings only. */
export function withCloudNeeds<Settings extends CloudSettings>(
  settings: Settings,
): Omit<Settings, Needed> & CloudNeeds {
  const { appServer, domain, tailnet, images, sshPublicKey, certificates, backupPassword } =
    settings;
  const complete =
    appServer && domain && tailnet && images && sshPublicKey && certificates && backupPassword;
  if (!complete) throw new Error("settings of the cloud were not checked");
  return {
    ...settings,
    ...{ appServer, domain, tailnet, images, sshPublicKey, certificates, backupPassword },
  };
}

/** Images that the settings make necessary. */
function imagesMissing({ images, serverless, monitoring }: CloudSettings): string[] {
  if (!images) return [];
  const needed = [
    ...(serverless ? (["dispatcher"] as const) : []),
    ...(monitoring ? monitoringImages : []),
  ];
  return needed.filter((name) => images[name] === undefined);
}

export const monitoringImages = [
  "prometheus",
  "alertmanager",
  "grafana",
  "nodeExporter",
  "redisExporter",
  "blackboxExporter",
] as const;
export type MonitoringImage = (typeof monitoringImages)[number];
