/** Previews stacks of examples with the real engine and the policy pack, as a program would. */
import * as pulumi from "@pulumi/pulumi";
import * as automation from "@pulumi/pulumi/automation/index.js";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { stringify } from "yaml";
import { engineEnvironment } from "../../cli/engine/environment.ts";
import { policyPacks } from "../../cli/policy-packs.ts";
import { repository } from "../../components/installation.ts";
import type { Example } from "../../policies/examples/index.ts";

export interface Violation {
  readonly rule: string;
  readonly level: string;
  readonly message: string;
  /** Name of the example; that of the stack for rules on whole stacks. */
  readonly resource: string;
}

export interface Preview {
  readonly passed: boolean;
  readonly violations: readonly Violation[];
  /** What the engine said. */
  readonly output: string;
}

export interface PreviewOptions {
  /** The stack's settings, with their namespace. */
  readonly config?: Readonly<Record<string, string>>;
  /** Configuration of the pack: rule → level, or level and properties. */
  readonly packConfig?: Readonly<Record<string, unknown>>;
}

/** A project of its own in a temporary folder. */
export class PolicyProject {
  readonly #folder = mkdtempSync(path.join(tmpdir(), "comfymulti-policies-"));
  #stacks = 0;

  constructor() {
    const any = path.join(repository, "end-to-end/policies/any-provider");
    const providers = [
      { name: "comfymulti", path: path.join(repository, "components/hosts/process/plugin") },
      ...["docker", "cloudflare", "verda"].map((name) => ({ name, path: path.join(any, name) })),
    ];
    writeFileSync(
      path.join(this.#folder, "Pulumi.yaml"),
      stringify({ name: "policies", runtime: "nodejs", plugins: { providers } }),
    );
  }

  /** @param examples By the name of their resource. */
  async preview(
    examples: Readonly<Record<string, Example>>,
    { config = {}, packConfig }: PreviewOptions = {},
  ): Promise<Preview> {
    const program = () => {
      for (const [name, example] of Object.entries(examples)) declare(name, example);
      return Promise.resolve({});
    };
    this.#stacks += 1;
    const stack = await automation.LocalWorkspace.createOrSelectStack(
      { stackName: `rules-${this.#stacks}`, projectName: "policies", program },
      {
        workDir: this.#folder,
        envVars: {
          ...engineEnvironment(),
          PULUMI_BACKEND_URL: `file://${this.#folder}`,
          PULUMI_CONFIG_PASSPHRASE: "of-this-test",
        },
      },
    );
    for (const [key, value] of Object.entries(config)) await stack.setConfig(key, { value });
    const configs = packConfig === undefined ? [] : [this.#write(packConfig)];
    const violations: Violation[] = [];
    let output = "";
    try {
      await stack.preview({
        policyPacks: policyPacks(),
        ...(configs.length > 0 ? { policyPackConfigs: configs } : {}),
        onOutput: (text) => (output += text),
        onError: (text) => (output += text),
        onEvent: ({ policyEvent: event }) => {
          if (!event) return;
          const { policyName: rule, enforcementLevel: level, message } = event;
          const resource = event.resourceUrn?.split("::").at(-1) ?? "";
          violations.push({ rule, level, message, resource });
        },
      });
      return { passed: true, violations, output };
    } catch (error) {
      if (!(error instanceof automation.CommandError)) throw error;
      return { passed: false, violations, output };
    }
  }

  /** Removes it with everything that the engine kept. */
  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #write(packConfig: object): string {
    const file = path.join(this.#folder, `pack-${this.#stacks}.json`);
    writeFileSync(file, JSON.stringify(packConfig));
    return file;
  }
}

class AnyResource extends pulumi.CustomResource {}

function declare(name: string, { type, props, protect, additionalSecretOutputs }: Example): void {
  const options = {
    ...(protect === undefined ? {} : { protect }),
    ...(additionalSecretOutputs ? { additionalSecretOutputs: [...additionalSecretOutputs] } : {}),
  };
  new AnyResource(type, name, { ...props }, options);
}
