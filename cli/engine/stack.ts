/** Opens a stack through the Automation API: the same program that plain `pulumi up` runs, inline. */
import * as automation from "@pulumi/pulumi/automation/index.js";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { repository } from "../../components/installation.ts";
import { workDirectory } from "../../stacks/places.ts";
import { program } from "../../stacks/program.ts";
import { readStackFile, type StackFile } from "../stack-settings.ts";
import { repairCheckpoint } from "./checkpoint.ts";
import { engineEnvironment } from "./environment.ts";

const projectSchema = z.looseObject({
  name: z.string(),
  plugins: z.object({ providers: z.array(z.object({ name: z.string(), path: z.string() })) }),
});

/**
 * The stack, made when it is not there yet.
 *
 * @param file Its settings. Default: what `Pulumi.<stack>.yaml` says; a preview may ask for others.
 */
export async function openStack(
  stackName: string,
  file: StackFile = readStackFile(stackName),
): Promise<automation.Stack> {
  const [source, options] = sourceOf(stackName, file);
  await repairCheckpoint(source.projectName, stackName);
  return automation.LocalWorkspace.createOrSelectStack(source, options);
}

/** The stack, or undefined when there is none. */
export async function findStack(stackName: string): Promise<automation.Stack | undefined> {
  const [source, options] = sourceOf(stackName, readStackFile(stackName));
  await repairCheckpoint(source.projectName, stackName);
  try {
    return await automation.LocalWorkspace.selectStack(source, options);
  } catch (error) {
    if (error instanceof automation.StackNotFoundError) return undefined;
    throw error;
  }
}

function sourceOf(
  stackName: string,
  file: StackFile,
): [automation.InlineProgramArgs, automation.LocalWorkspaceOptions] {
  const { projectName, workDir } = writeProject(stackName, file);
  return [
    { stackName, projectName, program: () => Promise.resolve(program()) },
    { workDir, envVars: engineEnvironment() },
  ];
}

/**
 * Writes the project as the engine sees it into a folder of this checkout's own: the repository's
 * files with paths made absolute. The engine stores a stack's encryption salt beside its settings;
 * in the repository's file, which git knows, the salt of one checkout would lock out the next.
 */
function writeProject(
  stackName: string,
  file: StackFile,
): { projectName: string; workDir: string } {
  const workDir = path.join(workDirectory, "engine", stackName);
  mkdirSync(workDir, { recursive: true, mode: 0o700 });

  const { name, plugins, ...rest } = projectSchema.parse(
    parse(readFileSync(path.join(repository, "Pulumi.yaml"), "utf8")),
  );
  const providers = plugins.providers.map((plugin) => ({
    ...plugin,
    path: path.join(repository, plugin.path),
  }));
  writeFileSync(
    path.join(workDir, "Pulumi.yaml"),
    // The program is handed over inline: a file of its own would have to lie in this folder.
    stringify({ name, ...rest, main: undefined, plugins: { providers } }),
  );

  const stackFile = path.join(workDir, `Pulumi.${stackName}.yaml`);
  const salt = existsSync(stackFile)
    ? z
        .looseObject({ encryptionsalt: z.string().optional() })
        .parse(parse(readFileSync(stackFile, "utf8")) ?? {}).encryptionsalt
    : undefined;
  writeFileSync(
    stackFile,
    stringify(
      { ...(salt ? { encryptionsalt: salt } : {}), ...file },
      // The engine would take a bare date for something else than text.
      { defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN" },
    ),
  );
  return { projectName: name, workDir };
}
