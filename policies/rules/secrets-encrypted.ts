import type { ResourceValidationPolicy } from "@pulumi/policy";
import { looksSecret } from "../../components/declaration/secret-looking.ts";
import { declaredDeployment } from "../subjects/container.ts";
import { declaredPlatform } from "../subjects/platform.ts";
import { declaredService } from "../subjects/service.ts";

/** What stands in clear is in clear in the state, in previews, in logs of both, and in git. */
export const secretsEncrypted: ResourceValidationPolicy = {
  name: "secrets-encrypted",
  description: "Checks that nothing that looks like a secret is kept in clear.",
  validateResource: (resource, report) => {
    for (const key of declaredPlatform(resource.type, resource.props)?.plainSecrets ?? []) {
      report(`Setting ${key} must be encrypted, not in clear: pulumi config set --secret ${key}.`);
    }
    const service = declaredService(resource);
    for (const [variable, value] of Object.entries(service?.environment ?? {})) {
      if (!looksSecret(variable, value)) continue;
      const cure = service?.contained
        ? 'add "envs" to the container\'s additionalSecretOutputs'
        : "move it to secretEnvironment";
      report(`${variable} of ${service?.name ?? ""} must be encrypted, not in clear: ${cure}.`);
    }
    for (const { env } of declaredDeployment(resource)?.containers ?? []) {
      for (const { name, valueOrReferenceToSecret, type } of env) {
        if (type === "secret" || !looksSecret(name, valueOrReferenceToSecret)) continue;
        report(
          `${name} of ${resource.name} must be of type secret, not plain: refer to a secret of the provider.`,
        );
      }
    }
  },
};
