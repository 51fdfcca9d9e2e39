/** The plugin's one client, made when the first call needs it. */
import { z } from "zod";
import { VerdaClient, verdaSettings } from "../client/index.ts";

export type Connect = () => VerdaClient;

const configurationSchema = z.record(z.string(), z.unknown());

/**
 * The engine hands the stack's `verda:…` configuration over in PULUMI_CONFIG, decrypted, by the
 * names behind the colon.
 */
export function connection(environment: Readonly<Record<string, string | undefined>>): Connect {
  let client: VerdaClient | undefined;
  return () => {
    client ??= new VerdaClient(
      verdaSettings(
        environment,
        configurationSchema.parse(JSON.parse(environment["PULUMI_CONFIG"] ?? "{}")),
      ),
    );
    return client;
  };
}
