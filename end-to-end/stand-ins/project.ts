/** A project of its own in a temporary folder, run by the real engine against the stand-ins. */
import * as automation from "@pulumi/pulumi/automation/index.js";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { stringify } from "yaml";
import { engineEnvironment } from "../../cli/engine/environment.ts";
import { policyPacks } from "../../cli/policy-packs.ts";
import {
  DIRECTORY_VARIABLE,
  readInventory,
  standInPlugins,
  type InventoryEntry,
} from "../../rehearsal/stand-ins/index.ts";

/** What an engine's run did, and what it said. */
export interface Run {
  readonly succeeded: boolean;
  /** Operation (`create`, `same` …) → how many resources. */
  readonly changes: Readonly<Record<string, number>>;
  /** Policies that were broken, and how. */
  readonly violations: readonly string[];
  readonly output: string;
}

type Operation = "preview" | "up" | "refresh" | "destroy";

export class StandInProject {
  readonly folder = mkdtempSync(path.join(tmpdir(), "comfymulti-stand-ins-"));
  /** Stacks by name, so that each is opened once. */
  readonly #stacks = new Map<string, automation.Stack>();
  readonly #environment: Record<string, string>;

  /** @param environment Added to the engine's. */
  constructor(environment: Readonly<Record<string, string>> = {}) {
    this.#environment = {
      ...engineEnvironment(),
      PULUMI_BACKEND_URL: `file://${this.folder}`,
      PULUMI_CONFIG_PASSPHRASE: "of-this-test",
      [DIRECTORY_VARIABLE]: this.folder,
      ...environment,
    };
    writeFileSync(
      path.join(this.folder, "Pulumi.yaml"),
      stringify({
        name: "rehearsed",
        runtime: "nodejs",
        plugins: { providers: standInPlugins() },
      }),
    );
  }

  /** Runs `program` as the stack's; faults of the program or a provider are in the outcome. */
  async run(
    operation: Operation,
    program: () => void,
    { stack: stackName = "test", policies = false } = {},
  ): Promise<Run> {
    const stack = await this.#stack(stackName);
    stack.workspace.program = () => {
      program();
      return Promise.resolve({});
    };
    let output = "";
    const changes: Record<string, number> = {};
    const violations: string[] = [];
    const options = {
      onOutput: (text: string) => (output += text),
      onError: (text: string) => (output += text),
      onEvent: ({ summaryEvent: summary, policyEvent: policy }: automation.EngineEvent) => {
        Object.assign(changes, summary?.resourceChanges);
        if (policy) violations.push(`${policy.policyName}: ${policy.message}`);
      },
    };
    const packs = policies ? { policyPacks: policyPacks() } : {};
    try {
      if (operation === "preview") await stack.preview({ ...options, ...packs });
      else if (operation === "up") await stack.up({ ...options, ...packs });
      else if (operation === "refresh") await stack.refresh(options);
      else await stack.destroy(options);
      return { succeeded: true, changes, violations, output };
    } catch (error) {
      if (!(error instanceof automation.CommandError)) throw error;
      return { succeeded: false, changes, violations, output };
    }
  }

  async setConfig(stackName: string, key: string, value: string): Promise<void> {
    await (await this.#stack(stackName)).setConfig(key, { value });
  }

  /** What the stand-ins hold of a stack. */
  made(stackName = "test"): readonly InventoryEntry[] {
    return readInventory(this.folder).find(({ stack }) => stack === stackName)?.resources ?? [];
  }

  /** Removes it with everything that the engine kept. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #stack(stackName: string): Promise<automation.Stack> {
    let stack = this.#stacks.get(stackName);
    if (!stack) {
      const program = () => Promise.resolve({});
      stack = await automation.LocalWorkspace.createOrSelectStack(
        { stackName, projectName: "rehearsed", program },
        { workDir: this.folder, envVars: this.#environment },
      );
      this.#stacks.set(stackName, stack);
    }
    return stack;
  }
}
