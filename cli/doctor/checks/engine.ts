/** Whether the engine and the plugins that an update needs are on this machine. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { repository } from "../../../components/installation.ts";
import { which } from "../../../tools/setup/command.mjs";
import { findEngine } from "../../../tools/setup/engine.mjs";
import { engineVersion } from "../../../tools/setup/places.mjs";
import { run } from "../../backup/run.ts";
import { engineEnvironment } from "../../engine/environment.ts";
import { fault, fine, isCloud, type Check, type Finding, type Patient } from "../check.ts";

const projectSchema = z.looseObject({
  plugins: z.object({ providers: z.array(z.object({ name: z.string(), path: z.string() })) }),
});
const listSchema = z.array(z.object({ name: z.string(), kind: z.string(), version: z.string() }));
const manifestSchema = z.object({ version: z.string() });

/** Plugins of others, which only stacks in the cloud use. */
const OTHERS = ["cloudflare", "command", "docker", "tailscale"];

export const engineCheck: Check<Patient> = {
  name: "engine and plugins",
  async look(patient) {
    const engine = await findEngine();
    if (!engine) {
      return [
        fault(`The engine ${engineVersion} is not on this machine.`, "npm run setup brings it."),
      ];
    }
    const faults = [
      ...ownPlugins(),
      ...(isCloud(patient) ? [...(await othersPlugins()), ...programs()] : []),
    ];
    return faults.length > 0 ? faults : [fine(`engine ${engine.version}`)];
  },
};

function ownPlugins(): Finding[] {
  const { plugins } = projectSchema.parse(
    parse(readFileSync(path.join(repository, "Pulumi.yaml"), "utf8")),
  );
  return plugins.providers
    .filter((plugin) => !existsSync(path.join(repository, plugin.path)))
    .map(({ name, path: place }) =>
      fault(`The plugin ${name} is not in ${place}.`, "git checkout brings it back."),
    );
}

/** The engine fetches what is missing during an update; a machine without its server can't. */
async function othersPlugins(): Promise<Finding[]> {
  const { code, stdout } = await run("pulumi", ["plugin", "ls", "--json"], {
    env: engineEnvironment(),
  });
  const there = code === 0 ? listSchema.parse(JSON.parse(stdout || "[]")) : [];
  return OTHERS.flatMap((name) => {
    const manifest = path.join(repository, "node_modules", "@pulumi", name, "package.json");
    const { version } = manifestSchema.parse(JSON.parse(readFileSync(manifest, "utf8")));
    return there.some((one) => one.name === name && one.version === version)
      ? []
      : [
          fault(
            `The plugin ${name} ${version} is not on this machine.`,
            `pulumi plugin install resource ${name} ${version} fetches it.`,
          ),
        ];
  });
}

const programs = (): Finding[] =>
  ["ssh", "docker"]
    .filter((name) => which(name) === undefined)
    .map((name) =>
      fault(
        `The program ${name} is not on this machine.`,
        `Install ${name}: machines are reached by it.`,
      ),
    );
