/** `docker.Image`: built on the daemon from a folder, and pushed to registries of this machine alone. */
import path from "node:path";
import { z } from "zod";
import { realType } from "../real-type.ts";
import { buildContext } from "./build-context.ts";
import { inDockersWords, type Daemon } from "./daemon.ts";

const inputsSchema = z.strictObject({
  imageName: z.string(),
  skipPush: z.boolean().default(false),
  registry: z
    .strictObject({
      server: z.string().optional(),
      username: z.string().optional(),
      password: z.string().optional(),
    })
    .optional(),
  buildOnPreview: z.literal(false, "must be false").optional(),
  build: z
    .strictObject({
      context: z.string().default("."),
      /** Within the context. Default: Dockerfile in it. */
      dockerfile: z.string().optional(),
      args: z.record(z.string(), z.string()).optional(),
      target: z.string().optional(),
      network: z.string().optional(),
      platform: z.string().optional(),
    })
    .prefault({}),
});
const PUSHABLE = /^(127\.0\.0\.1|localhost):\d+\//;
type Inputs = z.output<typeof inputsSchema>;

export function realBuiltImage(daemon: Daemon) {
  const { docker } = daemon;

  async function build({
    imageName,
    skipPush,
    registry,
    build: { context, dockerfile, args, target, network, platform },
  }: Inputs) {
    if (!skipPush && !PUSHABLE.test(imageName)) {
      throw new Error(
        `image ${imageName}: a rehearsal pushes to a registry of this machine alone, 127.0.0.1:5000/name`,
      );
    }
    const folder = path.resolve(context);
    const file = path.relative(folder, path.resolve(dockerfile ?? path.join(folder, "Dockerfile")));
    if (file.startsWith("..")) {
      throw new Error(`image ${imageName}: its Dockerfile must be in its context ${folder}`);
    }
    try {
      const progress = await docker.buildImage(
        { context: folder, src: await buildContext(folder, path.join(folder, file)) },
        {
          t: imageName,
          dockerfile: file,
          forcerm: true,
          ...(args && { buildargs: args }),
          ...(target !== undefined && { target }),
          ...(network !== undefined && { networkmode: network }),
          ...(platform !== undefined && { platform }),
        },
      );
      await followed(progress);
      if (!skipPush) {
        const { server: serveraddress = "", username = "", password = "" } = registry ?? {};
        const authconfig = { serveraddress, username, password };
        await followed(await docker.getImage(imageName).push({ authconfig }));
      }
    } catch (error) {
      throw new Error(`image ${imageName}: ${inDockersWords(error).message}`, { cause: error });
    }
    const { Id, RepoDigests = [] } = await daemon.image(imageName);
    const name = imageName.replace(/:[^:/]*$/, "");
    const pushed = RepoDigests.find((digest) => digest.startsWith(`${name}@`));
    return {
      baseImageName: imageName,
      context: folder,
      dockerfile: file,
      // One that is pushed nowhere has no digest of a registry, and the real provider says its id.
      repoDigest: skipPush || pushed === undefined ? Id : pushed,
    };
  }

  /** Waits for a work of the daemon's that tells its steps. @throws Error with its last lines */
  function followed(progress: NodeJS.ReadableStream): Promise<void> {
    return new Promise((resolve, reject) => {
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
