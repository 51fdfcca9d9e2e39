import * as pulumi from "@pulumi/pulumi";
import * as tailscale from "@pulumi/tailscale";
import { createHash } from "node:crypto";
import { tagOf, tailnetPolicy, type MachineRole } from "./tailnet-policy.ts";
import type { TailnetSettings } from "./tailnet-settings.ts";

export interface JoinKeyArgs {
  readonly role: MachineRole;
  /**
   * What is replaced when the machine is: its type, its image. A key works once, so another machine
   * gets another. Of a machine that was taken away, replace the key by hand:
   * `pulumi up --replace URN`; `comfymulti up` does so by itself.
   */
  readonly machine: string;
}

/** The private network between app server, workers and operators. */
export class Tailnet extends pulumi.ComponentResource {
  readonly #settings: TailnetSettings;
  /** Keys are made when their tags have owners. */
  readonly #policy: tailscale.Acl | undefined;

  constructor(name: string, settings: TailnetSettings, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:network:Tailnet", name, {}, opts);
    this.#settings = settings;
    const projects = settings.policyFor ?? [settings.projectName];
    if (projects.length > 0) {
      const own = { parent: this };
      this.#policy = new tailscale.Acl(
        `${name}-policy`,
        {
          acl: JSON.stringify(tailnetPolicy(settings, projects), null, 2),
          overwriteExistingContent: settings.overwritePolicy,
          // The default policy lets everybody reach everything: a destroyed stack leaves its own.
          resetAclOnDestroy: false,
        },
        own,
      );
      new tailscale.DnsPreferences(`${name}-magic-dns`, { magicDns: true }, own);
    }
    this.registerOutputs({});
  }

  /** A machine's name in the tailnet: `worker-1` → `worker-1.tail1234.ts.net`. */
  addressOf(machine: string): string {
    return `${machine}.${this.#settings.dnsName}`;
  }

  /**
   * A key with which one machine joins once, tagged as what it is.
   * @returns The key, a Pulumi secret.
   */
  joinKey(machine: string, { role, machine: what }: JoinKeyArgs): pulumi.Output<string> {
    const { projectName, keyExpirySeconds, ephemeralWorkers } = this.#settings;
    const key = new tailscale.TailnetKey(
      `${machine}-join-key`,
      {
        // Letters, digits, hyphens and spaces, at most 50. A change makes a new key.
        description: `${machine.slice(0, 37)} for ${fingerprint(what)}`,
        tags: [tagOf(projectName, role)],
        reusable: false,
        preauthorized: true,
        ephemeral: role === "worker" && ephemeralWorkers,
        expiry: keyExpirySeconds,
        // A used key is invalid; a new one would look like a change of a machine that runs.
        recreateIfInvalid: "never",
      },
      { parent: this, ...(this.#policy ? { dependsOn: [this.#policy] } : {}) },
    );
    return pulumi.secret(key.key);
  }
}

const fingerprint = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 8);
