/**
 * A stack's own program on stand-ins: the real engine, the real settings and policies, Verda's
 * simulator, and strict plugins in place of Docker, Cloudflare, Tailscale and ssh. Nothing outside
 * this machine is touched.
 */
import * as automation from "@pulumi/pulumi/automation/index.js";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { repository } from "../../components/installation.ts";
import {
  DIRECTORY_VARIABLE,
  readInventory,
  setAnswers,
  standInPlugins,
  type InventoryEntry,
} from "../../rehearsal/stand-ins/index.ts";
import { startVerdaSimulator, type VerdaSimulator } from "../../rehearsal/verda/index.ts";
import { program } from "../../stacks/program.ts";
import { engineEnvironment } from "../engine/environment.ts";
import type { StackFile } from "../stack-settings.ts";
import { rehearsedConfig } from "./rehearsed-config.ts";

/** Simulated seconds of Verda in one real one. */
const VERDA_SPEED = 200;

const credentials = {
  VERDA_CLIENT_ID: "rehearsal",
  VERDA_CLIENT_SECRET: "of-this-rehearsal",
} as const;

const inventorySchema = z.looseObject({
  resources: z.array(z.looseObject({ type: z.string(), name: z.string() })),
});

const pluginsSchema = z.looseObject({
  name: z.string(),
  plugins: z.object({ providers: z.array(z.object({ name: z.string(), path: z.string() })) }),
});

export class RehearsedProject {
  readonly folder = mkdtempSync(path.join(tmpdir(), "comfymulti-rehearsal-"));
  readonly verda: VerdaSimulator;
  readonly #projectName: string;
  readonly #began = new Date();

  private constructor(verda: VerdaSimulator) {
    this.verda = verda;
    const { name, plugins } = pluginsSchema.parse(
      parse(readFileSync(path.join(repository, "Pulumi.yaml"), "utf8")),
    );
    this.#projectName = name;
    const own = plugins.providers.map((plugin) => ({
      ...plugin,
      path: path.join(repository, plugin.path),
    }));
    writeFileSync(
      path.join(this.folder, "Pulumi.yaml"),
      stringify({
        name,
        runtime: "nodejs",
        plugins: { providers: [...own, ...standInPlugins()] },
      }),
    );
  }

  static async start(): Promise<RehearsedProject> {
    const project = new RehearsedProject(
      await startVerdaSimulator({
        clientId: credentials.VERDA_CLIENT_ID,
        clientSecret: credentials.VERDA_CLIENT_SECRET,
        speed: VERDA_SPEED,
        rateLimit: false,
        balance: 1_000_000,
      }),
    );
    // What the machine says once it has joined the private network.
    await setAnswers(project.folder, [
      {
        type: "command:remote:Command",
        name: "machine-address",
        outputs: { stdout: "100.64.0.10\n" },
      },
    ]);
    return project;
  }

  /** The stack with these settings, or with others than before. */
  async stack(stackName: string, file: StackFile): Promise<automation.Stack> {
    const stack = await automation.LocalWorkspace.createOrSelectStack(
      { stackName, projectName: this.#projectName, program: () => Promise.resolve(program()) },
      { workDir: this.folder, envVars: this.#environment },
    );
    const config = rehearsedConfig(file.config ?? {}, {
      verdaUrl: this.verda.url,
      began: this.#began,
    });
    const present = Object.keys(await stack.getAllConfig());
    const gone = present.filter((key) => !(key in config));
    if (gone.length > 0) await stack.removeAllConfig(gone);
    await stack.setAllConfig(config);
    return stack;
  }

  get #environment(): Record<string, string> {
    return {
      ...engineEnvironment(),
      PULUMI_BACKEND_URL: `file://${this.folder}`,
      PULUMI_CONFIG_PASSPHRASE: "of-this-rehearsal",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      [DIRECTORY_VARIABLE]: this.folder,
      VERDA_BASE_URL: this.verda.url,
      ...credentials,
    };
  }

  /** What the stand-ins "made" for a stack. */
  made(stackName: string): readonly InventoryEntry[] {
    return readInventory(this.folder).find(({ stack }) => stack === stackName)?.resources ?? [];
  }

  /** Takes a container away, as somebody with docker on the machine might. */
  lose(stackName: string, service: string): void {
    const file = path.join(this.folder, `${this.#projectName}.${stackName}.inventory.json`);
    const inventory = inventorySchema.parse(JSON.parse(readFileSync(file, "utf8")));
    const isIt = ({ type, name }: { type: string; name: string }) =>
      type === "docker:index/container:Container" && name === service;
    const resources = inventory.resources.filter((entry) => !isIt(entry));
    writeFileSync(file, JSON.stringify({ ...inventory, resources }));
  }

  /** Verda takes a worker's spot machine back. */
  evict(worker: string): void {
    const machine = this.verda
      .inventory()
      .instances.find(({ hostname }) => hostname.endsWith(`-${worker}`));
    if (machine) this.verda.evictSpot(machine.id);
  }

  /** What Verda still bills for, each in a few words. */
  billed(): string[] {
    return this.verda.inventory().billable.map(({ kind, name }) => `${name} (${kind})`);
  }

  async remove(): Promise<void> {
    await this.verda.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
