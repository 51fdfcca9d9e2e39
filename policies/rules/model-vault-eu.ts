import type { ResourceValidationPolicy } from "@pulumi/policy";
import { declaredService } from "../subjects/service.ts";

const R2_HOST = /https?:\/\/[^/\s]*r2\.cloudflarestorage\.com/i;

/** Models, results and backups of participants stay in the EU; a bucket can't be moved later. */
export const modelVaultEu: ResourceValidationPolicy = {
  name: "model-vault-eu",
  description: "Checks that R2 buckets lie in the EU jurisdiction and are addressed there.",
  validateResource: (resource, report) => {
    if (resource.type === "cloudflare:index/r2Bucket:R2Bucket") {
      const jurisdiction: unknown = resource.props["jurisdiction"];
      if (jurisdiction === "eu") return;
      report(
        `Bucket ${String(resource.props["name"])} must be in jurisdiction eu, not ${typeof jurisdiction === "string" ? jurisdiction : "default"}: set jurisdiction: "eu" before it is created.`,
      );
    }
    for (const [variable, value] of Object.entries(declaredService(resource)?.environment ?? {})) {
      const host = R2_HOST.exec(value)?.[0];
      if (host === undefined || host.includes(".eu.r2.")) continue;
      report(
        `${variable} must name the EU endpoint of R2 (https://ACCOUNT.eu.r2.cloudflarestorage.com), not ${host}: put .eu before .r2.`,
      );
    }
  },
};
