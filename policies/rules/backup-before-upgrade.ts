import type { ResourceValidationPolicy } from "@pulumi/policy";
import { z } from "zod";
import { backupParts } from "../../components/declaration/declaration.ts";
import { declaredPlatform, isLive, versionsOf } from "../subjects/platform.ts";

const settingsSchema = z.object({
  maxAgeHours: z.number().positive().default(24).describe("Oldest backup that counts, hours"),
});

const HOUR = 3_600_000;

/** What an upgrade breaks in people's files, only a backup brings back. */
export const backupBeforeUpgrade: ResourceValidationPolicy = {
  name: "backup-before-upgrade",
  description: "Checks that a fresh and whole backup exists before any version changes.",
  configSchema: { properties: { maxAgeHours: { type: "number", default: 24 } } },
  validateResource: ({ type, props, getConfig }, report) => {
    const platform = declaredPlatform(type, props);
    if (!platform || !isLive(platform)) return;
    const changes = (["frontend", "worker"] as const).filter((service) => {
      const before = platform.retained.filter((kept) => kept.service === service);
      const isNew = (version: string) => !before.some((kept) => kept.version === version);
      return before.length > 0 && versionsOf(platform, service).some(isNew);
    });
    if (changes.length === 0) return;
    const { maxAgeHours } = settingsSchema.parse(getConfig());
    const { at, of } = platform.lastBackup ?? { at: undefined, of: undefined };
    const age = at === undefined ? Infinity : (Date.now() - Date.parse(at)) / HOUR;
    const missing = backupParts.filter((part) => !of?.includes(part));
    if (age <= maxAgeHours && missing.length === 0) return;
    const found =
      at === undefined
        ? "none"
        : [`of ${at}`, ...(missing.length > 0 ? [`without ${missing.join(", ")}`] : [])].join(" ");
    report(
      `Before ${changes.join(" and ")} change version there must be a backup of ${backupParts.join(", ")}, at most ${maxAgeHours} hours old, not ${found}: make one and record it in comfymulti:lastBackup.`,
    );
  },
};
