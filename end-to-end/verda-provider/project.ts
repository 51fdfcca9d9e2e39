/** A Pulumi project of its own in a temporary folder, with the real engine and the plugin `verda`. */
import * as automation from "@pulumi/pulumi/automation/index.js";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { z } from "zod";
import { repository } from "../../components/installation.ts";

export const SCOPE = { project: "verda-provider-test", stack: "test" };

export interface Credentials {
  readonly baseUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

const stateSchema = z.object({
  resources: z
    .array(
      z.object({
        urn: z.string(),
        type: z.string(),
        id: z.string().optional(),
        outputs: z.record(z.string(), z.unknown()).default({}),
      }),
    )
    .default([]),
  pending_operations: z.array(z.unknown()).nullish(),
});
export type StoredState = z.output<typeof stateSchema>;

export class VerdaProject {
  readonly folder = mkdtempSync(path.join(tmpdir(), "verda-provider-"));
  readonly #credentials: Credentials;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
    const providers = [{ name: "verda", path: path.join(repository, "components/verda/plugin") }];
    writeFileSync(
      path.join(this.folder, "Pulumi.yaml"),
      JSON.stringify({ name: SCOPE.project, runtime: "nodejs", plugins: { providers } }),
    );
  }

  async stack(program: automation.PulumiFn): Promise<automation.Stack> {
    const { baseUrl, clientId, clientSecret } = this.#credentials;
    return await automation.LocalWorkspace.createOrSelectStack(
      { stackName: SCOPE.stack, projectName: SCOPE.project, program },
      {
        workDir: this.folder,
        envVars: {
          COMFYMULTI_NODE: process.execPath,
          PULUMI_HOME: this.home,
          PULUMI_BACKEND_URL: `file://${this.folder}`,
          PULUMI_CONFIG_PASSPHRASE: "of-this-test",
          PULUMI_SKIP_UPDATE_CHECK: "1",
          PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
          VERDA_BASE_URL: baseUrl,
          VERDA_CLIENT_ID: clientId,
          VERDA_CLIENT_SECRET: clientSecret,
        },
      },
    );
  }

  /** Marks the engines of this project. */
  get home(): string {
    return path.join(this.folder, "pulumi-home");
  }

  async state(stack: automation.Stack): Promise<StoredState> {
    return stateSchema.parse((await stack.exportStack()).deployment);
  }

  /** Takes a resource out of the state, and it alone. */
  async forget(stack: automation.Stack, urn: string): Promise<void> {
    const { deployment, ...rest } = await stack.exportStack();
    const { resources, ...others } = z
      .looseObject({ resources: z.array(z.looseObject({ urn: z.string() })) })
      .parse(deployment);
    const kept = resources.filter((resource) => resource.urn !== urn);
    await stack.importStack({ ...rest, deployment: { ...others, resources: kept } });
  }

  /** Pids of what this project's engine runs, itself included; by a name only those of that name. */
  processes(name?: string): number[] {
    return readdirSync("/proc")
      .filter((pid) => /^\d+$/.test(pid))
      .filter((pid) => {
        try {
          const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
          return (
            environment.includes(`PULUMI_HOME=${this.home}`) &&
            (name === undefined || readFileSync(`/proc/${pid}/comm`, "utf8").trim() === name)
          );
        } catch {
          return false;
        }
      })
      .map(Number);
  }

  /** Every file that the engine has stored, as it is. */
  storedText(): string {
    return readdirSync(path.join(this.folder, ".pulumi"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), "utf8"))
      .join("\n");
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What the engine said when it failed. */
export async function failureOf(run: Promise<unknown>): Promise<string> {
  return await run.then(
    () => "no failure",
    (error: unknown) => String(error),
  );
}
