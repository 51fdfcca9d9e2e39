/** Renders docs/configuration.md from the schemas and the comments in their sources. */
import { z } from "zod";
import {
  backupSettingsSchema,
  certificatesSettingsSchema,
  monitoringOptionsSchema,
} from "../../components/app-server/index.ts";
import { machineSettingsSchema, replicaSettingsSchema } from "../../components/gpu/index.ts";
import { buildSettings } from "../../components/images/index.ts";
import { dnsSettingsSchema, tailnetSettingsSchema } from "../../components/network/index.ts";
import { vaultSettingsSchema } from "../../components/storage/index.ts";
import {
  appServerSettingsSchema,
  cloudSettingNames,
  cloudSettings,
  imagesSettingsSchema,
} from "../cloud-settings.ts";
import { settingsSchema } from "../settings-schema.ts";
import { commentsOf } from "./comments.ts";

interface Section {
  readonly title: string;
  readonly about: string;
  /** Goes before a setting's name. */
  readonly prefix: string;
  readonly shape: Readonly<Record<string, z.ZodType>>;
  /** Where the comments are. */
  readonly file: string;
  readonly constant: string;
  /** Properties that a stack does not choose. */
  readonly without?: readonly string[];
}

const object = (
  setting: string,
  shape: Section["shape"],
  file: string,
  constant: string,
  without: readonly string[] = [],
): Section => ({
  title: `\`comfymulti:${setting}\``,
  about: "",
  prefix: `${setting}.`,
  ...{ shape, file, constant, without },
});

const OF_THE_STACK = ["projectName"];

const sections: readonly Section[] = [
  {
    title: "Every stack",
    about:
      "Namespace `comfymulti`. `pulumi config set comfymulti:users 20`, or a line in `Pulumi.<stack>.yaml`.",
    prefix: "",
    shape: settingsSchema.shape,
    file: "stacks/settings-schema.ts",
    constant: "settingsSchema",
    without: cloudSettingNames,
  },
  {
    title: "Stacks in the cloud",
    about: "Kinds `staging` and `workshop`. Each object's own settings stand below.",
    prefix: "",
    shape: cloudSettings,
    file: "stacks/cloud-settings.ts",
    constant: "cloudSettings",
  },
  object(
    "appServer",
    appServerSettingsSchema.shape,
    "stacks/cloud-settings.ts",
    "appServerSettingsSchema",
  ),
  object(
    "domain",
    dnsSettingsSchema.shape,
    "components/network/dns-settings.ts",
    "dnsSettingsSchema",
    ["ipv4", "ipv6"],
  ),
  object(
    "tailnet",
    tailnetSettingsSchema.shape,
    "components/network/tailnet-settings.ts",
    "tailnetSettingsSchema",
    [...OF_THE_STACK, "queueManagerPort", "redisPort", "workerHealthPort"],
  ),
  object(
    "vault",
    vaultSettingsSchema.shape,
    "components/storage/settings.ts",
    "vaultSettingsSchema",
    OF_THE_STACK,
  ),
  object(
    "fleet",
    machineSettingsSchema.shape,
    "components/gpu/settings.ts",
    "machineSettingsSchema",
    ["templates"],
  ),
  object(
    "serverless",
    replicaSettingsSchema.shape,
    "components/gpu/settings.ts",
    "replicaSettingsSchema",
  ),
  object("images", imagesSettingsSchema.shape, "stacks/cloud-settings.ts", "imagesSettingsSchema"),
  object(
    "certificates",
    certificatesSettingsSchema.shape,
    "components/app-server/certificates.ts",
    "certificatesSettingsSchema",
  ),
  object(
    "backup",
    backupSettingsSchema.shape,
    "components/app-server/backup.ts",
    "backupSettingsSchema",
  ),
  object(
    "monitoring",
    monitoringOptionsSchema.shape,
    "services/monitoring/src/settings.ts",
    "monitoringOptionsSchema",
  ),
  {
    title: "Stacks that build images",
    about:
      "Kind `images`, which runs nothing: `comfymulti images build` builds it, `comfymulti images use` writes what it built into another stack's settings.",
    prefix: "",
    shape: buildSettings,
    file: "components/images/settings.ts",
    constant: "buildSettings",
  },
];

export function renderConfiguration(): string {
  return [
    "# Settings",
    "",
    "<!-- Written by `node stacks/documentation/write.ts` from the schemas; a test compares. -->",
    "",
    "What a stack can be told, in `Pulumi.<stack>.yaml`. A preview tells every fault at once, with its key.",
    "Examples: `Pulumi.local.yaml`, `Pulumi.rehearsal.yaml`, `Pulumi.staging.yaml`, `Pulumi.workshop.yaml`, `Pulumi.images.yaml`.",
    "Credentials of providers: [first-workshop.md](first-workshop.md).",
    ...sections.flatMap(render),
    "",
  ].join("\n");
}

function render({ title, about, prefix, shape, file, constant, without = [] }: Section): string[] {
  const comments = commentsOf(file, constant);
  const rows = Object.entries(shape)
    .filter(([name]) => !without.includes(name))
    .map(([name, schema]) => {
      const { type, preset } = typeOf(schema);
      return `| \`${prefix}${name}\` | ${cell(comments.get(name) ?? "")} | ${cell(type)} | ${cell(preset)} |`;
    });
  return [
    "",
    `## ${title}`,
    "",
    ...(about === "" ? [] : [about, ""]),
    "| setting | meaning | type | default |",
    "| --- | --- | --- | --- |",
    ...rows,
  ];
}

const schemaPart = z.looseObject({
  type: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  pattern: z.string().optional(),
  format: z.string().optional(),
  default: z.unknown().optional(),
  items: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
});

/** A type in a few words, and the default as it would be written. */
function typeOf(schema: z.ZodType): { type: string; preset: string } {
  const json = z.toJSONSchema(schema, { io: "output", unrepresentable: "any" });
  const part = schemaPart.parse(json);
  const optional = schema.safeParse(undefined).success;
  const preset = optional ? part.default : undefined;
  return {
    type: words(part),
    preset:
      preset === undefined ? (optional ? "none" : "required") : `\`${JSON.stringify(preset)}\``,
  };
}

function words(given: unknown): string {
  const part = schemaPart.parse(given);
  if (part.anyOf) return [...new Set(part.anyOf.map(words))].join(" or ");
  if (part.enum) return part.enum.map((value) => `\`${String(value)}\``).join(", ");
  if (part.type === "array") return `list of ${words(part.items ?? {})}`;
  if (part.type === "integer" || part.type === "number") {
    const kind = part.type === "integer" ? "whole number" : "number";
    const largest = part.maximum ?? Number.MAX_SAFE_INTEGER;
    if (part.minimum === undefined && largest >= Number.MAX_SAFE_INTEGER) return kind;
    const to = largest >= Number.MAX_SAFE_INTEGER ? "" : ` to ${largest}`;
    return `${kind}, ${part.minimum ?? "…"}${to}`;
  }
  if (part.type === "string") return part.format ?? "text";
  if (part.type === "boolean") return "`true`, `false`";
  return part.type ?? "text";
}

/** A pipe ends a cell. */
const cell = (text: string) => text.replaceAll("|", "\\|");
