/** Images of containers: what the vault holds, and saving one into it. */
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { Command } from "commander";
import { step } from "../../tools/setup/progress.mjs";
import { ImageVault, megabytes, type SavedImage } from "../images/vault.ts";
import { readPlatform } from "../platform.ts";
import { readStackFile } from "../stack-settings.ts";
import { runCommand } from "../upgrade/run-command.ts";
import { VisibleError } from "../visible-error.ts";

interface SaveFlags {
  readonly as?: string;
  readonly docker?: string;
  readonly folder: string;
  readonly json: boolean;
}

const STACK = ["<stack>", "name of a Pulumi.<stack>.yaml, whose vault it is"] as const;

/** `images`, with what belongs to it. */
export function imagesCommand(): Command {
  const command = new Command("images").description("images of containers in a stack's vault");
  command
    .command("list", { isDefault: true })
    .description("what the vault holds")
    .argument(...STACK)
    .option("--json", "as JSON, for programs", false)
    .action(list);
  command
    .command("save")
    .description("save images of Docker's into the vault, from where machines load them")
    .argument(...STACK)
    .argument("<images...>", "as docker image ls shows them, comfyui-worker:0.11.1")
    .option("--as <name:tag>", "what it is called in the vault; default: the image's own name")
    .option("--docker <address>", "whose images: ssh://root@host, as docker's -H takes it")
    .option("--folder <folder>", "for the archive, which is as large as the image", tmpdir())
    .option("--json", "as JSON, for programs", false)
    .action(save);
  return command;
}

async function list(stackName: string, { json }: { readonly json: boolean }): Promise<void> {
  await runCommand(json, async ({ signal, tell }) => {
    const vault = await vaultOf(stackName, signal);
    const named = JSON.stringify(readStackFile(stackName).config ?? {});
    const images = (await vault.list()).map((image) => ({
      ...image,
      inUse: named.includes(image.reference),
    }));
    if (images.length === 0) {
      tell(`The vault has no images yet: npx comfymulti images save ${stackName} IMAGE.`);
    }
    for (const { reference, bytes, storedAt, inUse } of images) {
      const use = inUse ? `, in Pulumi.${stackName}.yaml` : "";
      tell(`${reference}  ${megabytes(bytes)}, ${storedAt.toISOString().slice(0, 10)}${use}`);
    }
    return images;
  });
}

async function save(stackName: string, images: string[], flags: SaveFlags): Promise<void> {
  if (flags.as !== undefined && images.length > 1) {
    throw new VisibleError("--as names one image: save the others by commands of their own.");
  }
  mkdirSync(flags.folder, { recursive: true });
  await runCommand(flags.json, async ({ signal, tell }) => {
    const vault = await vaultOf(stackName, signal);
    const saved: SavedImage[] = [];
    for (const image of images) {
      await step(image, async (report) => {
        const value = await vault.save(image, {
          ...{ name: flags.as, docker: flags.docker, folder: flags.folder, signal, tell: report },
        });
        saved.push(value);
        const how = value.wasThere ? "was in the vault already" : "is in the vault, and reads back";
        return { value, note: `${megabytes(value.bytes)}, ${how}` };
      });
    }
    tell("\nIn a stack's settings, for instance:");
    for (const { reference } of saved) {
      tell(`  pulumi config set --path 'comfymulti:images.…' ${reference}`);
    }
    return saved;
  });
}

async function vaultOf(stackName: string, signal: AbortSignal): Promise<ImageVault> {
  const { vault } = await readPlatform(stackName);
  if (vault) return new ImageVault(vault, signal);
  throw new VisibleError(`Stack ${stackName} has no vault: a stack in the cloud has one.`);
}
