/** `docker.Image`: built on the daemon from a folder, and pushed nowhere. */
import path from "node:path";
import { readdir } from "node:fs/promises";
import { z } from "zod";
import { realType } from "../real-type.ts";
import { inDockersWords, type Daemon } from "./daemon.ts";

const inputsSchema = z.strictObject({
  imageName: z.string(),
  skipPush: z.literal(true, "must be true: a rehearsal's daemon pushes to no registry"),
  buildOnPreview: z.literal(false, "must be false").optional(),
  build: z
    .strictObject({
      context: z.string().default("."),
      /** Within the context. Default: Dockerfile in it. */
      dockerfile: z.string().optional(),
      args: z.record(z.string(), z.string()).optional(),
      target: z.string().optional(),
      network: z.string().optional(),
    })
    .prefault({}),
});
type Inputs = z.output<typeof inputsSchema>;

export function realBuiltImage(daemon: Daemon) {
  const { docker } = daemon;

  async function build({
    imageName,
    build: { context, dockerfile, args, target, network },
  }: Inputs) {
    const folder = path.resolve(context);
    const file = path.relative(folder, path.resolve(dockerfile ?? path.join(folder, "Dockerfile")));
    if (file.startsWith("..")) {
      throw new Error(`image ${imageName}: its Dockerfile must be in its context ${folder}`);
    }
    try {
      const progress = await docker.buildImage(
        { context: folder, src: await readdir(folder) },
        {
          t: imageName,
          dockerfile: file,
          forcerm: true,
          ...(args && { buildargs: args }),
          ...(target !== undefined && { target }),
          ...(network !== undefined && { networkmode: network }),
        },
      );
      await new Promise<void>((resolve, reject) => {
        docker.modem.followProgress(progress, (error, steps: readonly unknown[]) => {
          const said = steps.map((step) => stepSchema.safeParse(step).data);
          const fault = error?.message ?? said.find((step) => step?.error !== undefined)?.error;
          if (fault === undefined) resolve();
          else {
            const lines = said.map((step) => step?.stream ?? "").join("");
            reject(new Error(`${fault}\n${lines.trimEnd().split("\n").slice(-20).join("\n")}`));
          }
        });
      });
    } catch (error) {
      throw new Error(`image ${imageName}: ${inDockersWords(error).message}`, { cause: error });
    }
    const { Id } = await daemon.image(imageName);
    return {
      baseImageName: imageName,
      context: folder,
      dockerfile: file,
      repoDigest: `${imageName.replace(/:[^:/]*$/, "")}@${Id}`,
    };
  }

  return realType(inputsSchema, {
    async create(inputs) {
      return { id: inputs.imageName, outputs: await build(inputs) };
    },
    async read(_id, state) {
      return (await daemon.findImage(z.string().parse(state["repoDigest"]))) && {};
    },
    update: (_id, inputs) => build(inputs),
    // The real provider leaves what it built.
    delete: () => Promise.resolve(),
  });
}

const stepSchema = z.object({ stream: z.string().optional(), error: z.string().optional() });
