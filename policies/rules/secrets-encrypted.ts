import type { ResourceValidationPolicy } from "@pulumi/policy";
import { declaredService } from "../service.ts";

const SECRET_LOOKING = /(TOKEN|PASSWORD|PASSPHRASE|SECRET|API_KEY|ACCESS_KEY|PRIVATE_KEY)/i;

/** What stands in `environment` is in clear in the state, in previews and in logs of both. */
export const secretsEncrypted: ResourceValidationPolicy = {
  name: "secrets-encrypted",
  description: "Checks that no secret-looking variable of a service is kept in clear.",
  enforcementLevel: "mandatory",
  validateResource: ({ type, props }, report) => {
    const service = declaredService(type, props);
    for (const variable of Object.keys(service?.environment ?? {})) {
      if (SECRET_LOOKING.test(variable)) {
        report(
          `${variable} of ${service?.name ?? ""} must be in secretEnvironment, not environment.`,
        );
      }
    }
  },
};
