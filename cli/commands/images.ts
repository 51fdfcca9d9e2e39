/** Images of containers: building them, what the vault holds, and what a stack runs. */
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { Command } from "commander";
import { step } from "../../tools/setup/progress.mjs";
import { buildImages, builtBy, useImages, type UsedImage } from "../images/build.ts";
import { ImageVault, megabytes, type SavedImage, type SaveOptions } from "../images/vault.ts";
import { readPlatform } from "../platform.ts";
import { kindOf, readStackFile } from "../stack-settings.ts";
import { runCommand } from "../upgrade/run-command.ts";
import { VisibleError } from "../visible-error.ts";

interface SaveFlags {
  readonly as?: string;
  readonly docker?: string;
  readonly folder: string;
  readonly json: boolean;
}

const BUILDER = [
  "<build-stack>",
  "a stack of kind images; Pulumi.images.yaml is an example",
] as const;
const STACK = ["<stack>", "name of a Pulumi.<stack>.yaml, whose vault it is"] as const;

/** `images`, with what belongs to it. */
export function imagesCommand(): Command {
  const command = new Command("images").description(
    "images of containers: build them, keep them in a vault, use them",
  );
  command
    .command("build")
    .description("build a stack's images, and push them where its settings say")
    .argument(...BUILDER)
    .option("--json", "as JSON, for programs", false)
    .action(build);
  command
    .command("use")
    .description("write into a stack's settings which images were built; saves them where needed")
    .argument(...BUILDER)
    .argument("<stack>", "name of a Pulumi.<stack>.yaml, which is to run them")
    .option("--folder <folder>", "for archives, each as large as its image", tmpdir())
    .option("--json", "as JSON, for programs", false)
    .action(use);
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

async function build(stackName: string, { json }: { readonly json: boolean }): Promise<void> {
  await runCommand(json, async ({ tell }) => {
    const built = await buildImages(stackName);
    for (const { path, reference } of built) tell(`  ${path.join(".")}: ${reference}`);
    tell(`\nInto a stack's settings: npx comfymulti images use ${stackName} STACK`);
    return built;
  });
}

async function use(
  builder: string,
  stackName: string,
  { json, folder }: { readonly json: boolean; readonly folder: string },
): Promise<void> {
  if (kindOf(stackName) === "local") {
    throw new VisibleError(`Stack ${stackName} runs on this machine, without containers.`);
  }
  await runCommand(json, async ({ signal, tell }) => {
    const { docker, images } = await builtBy(builder);
    const used: UsedImage[] = [];
    let vault: ImageVault | undefined;
    for (const image of images) {
      if (image.reference.includes("@")) {
        used.push(image);
        continue;
      }
      vault ??= await vaultOf(stackName, signal);
      const { reference } = await saved(vault, image.reference, { docker, folder, signal });
      used.push({ ...image, reference });
    }
    const changed = useImages(stackName, used);
    for (const { path, reference } of changed) tell(`  ${path.join(".")}: ${reference}`);
    tell(
      changed.length === 0
        ? `Pulumi.${stackName}.yaml names these images already.`
        : `\nWritten into Pulumi.${stackName}.yaml. What that changes: npx comfymulti preview ${stackName}`,
    );
    return changed;
  });
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
    const found: SavedImage[] = [];
    for (const image of images) {
      const { as: name, docker, folder } = flags;
      found.push(await saved(vault, image, { name, docker, folder, signal }));
    }
    tell("\nIn a stack's settings, for instance:");
    for (const { reference } of found) {
      tell(`  pulumi config set --path 'comfymulti:images.…' ${reference}`);
    }
    return found;
  });
}

/** Saves an image, and says how far it is. */
async function saved(
  vault: ImageVault,
  image: string,
  options: Omit<SaveOptions, "tell">,
): Promise<SavedImage> {
  let result: SavedImage | undefined;
  await step(image, async (report) => {
    const value = await vault.save(image, { ...options, tell: report });
    result = value;
    const how = value.wasThere ? "was in the vault already" : "is in the vault, and reads back";
    return { value, note: `${megabytes(value.bytes)}, ${how}` };
  });
  if (!result) throw new Error("a step that ended has its result");
  return result;
}

async function vaultOf(stackName: string, signal: AbortSignal): Promise<ImageVault> {
  const { vault } = await readPlatform(stackName);
  if (vault) return new ImageVault(vault, signal);
  throw new VisibleError(`Stack ${stackName} has no vault: a stack in the cloud has one.`);
}
