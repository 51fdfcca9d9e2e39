/** Runs one client program as a participant would: with a personal link, apart from this process. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { templates } from "@comfymulti/workflows";
import sharp from "sharp";
import { z } from "zod";
import { run } from "../../tools/setup/command.mjs";
import type { Participant } from "../stack-under-test.ts";

const CLIENT_SECONDS = 120;
/** About a second: long enough for a library that opens its WebSocket after the submit. */
const PAINTING_STEPS = 60;
const programs = path.join(import.meta.dirname, "clients");

/** What tells one participant's pictures from another's. */
export interface Style {
  /** Size of the uploaded picture, in pixels, and its one colour. */
  readonly upload: { readonly width: number; readonly height: number };
  readonly colour: { readonly r: number; readonly g: number; readonly b: number };
  /** Size of the painted picture, in pixels. */
  readonly painting: { readonly width: number; readonly height: number };
}

const reportSchema = z.object({
  comfyuiVersion: z.string(),
  lists: z.record(z.string(), z.unknown()),
  uploaded: z.string(),
  /** Messages that the library passed on of the painting. */
  progress: z.int(),
  previews: z.int().optional(),
  /** The library's error of a graph that ComfyUI refuses: our answer, as far as it passes it on. */
  refusal: z.object({
    error: z.object({ type: z.string(), message: z.string() }),
    node_errors: z.record(
      z.string(),
      z.object({ errors: z.array(z.object({ type: z.string() })) }),
    ),
  }),
  /** How the library tells that a job was interrupted. */
  interruption: z.string().optional(),
  interruptThrew: z.string().optional(),
  picturesOfInterrupted: z.int().optional(),
  /** Prompt ids of the history, as it stood at the end. */
  history: z.array(z.string()).min(1),
});

export interface ClientRun {
  readonly report: z.infer<typeof reportSchema>;
  /** A file that the program downloaded, "negative.png". */
  picture(name: string): Buffer;
}

export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
}

/** Copies the Node programs beside the installed libraries, so that they import them by name. */
export function nodeLauncher(libraries: string, folder: string): (program: string) => Launch {
  cpSync(programs, folder, { recursive: true });
  symlinkSync(path.join(libraries, "node_modules"), path.join(folder, "node_modules"));
  return (program) => ({ file: process.execPath, args: [path.join(folder, program)] });
}

export const pythonLaunch = (python: string, libraries: string, program: string): Launch => ({
  file: python,
  args: [path.join(programs, program)],
  env: { PYTHONPATH: libraries, PYTHONDONTWRITEBYTECODE: "1" },
});

/**
 * @param output a folder that this makes
 * @throws with what the program printed
 */
export async function runClient(
  { file, args, env }: Launch,
  { link }: Participant,
  style: Style,
  output: string,
  more: Record<string, unknown> = {},
): Promise<ClientRun> {
  mkdirSync(output, { recursive: true });
  const picture = path.join(output, "mine.png");
  await sharp({ create: { ...style.upload, channels: 3, background: style.colour } })
    .png()
    .toFile(picture);
  const task = path.join(output, "task.json");
  const graphs = graphsOf(style);
  writeFileSync(task, JSON.stringify({ link, graphs, picture, output, ...more }), { mode: 0o600 });
  const limit = { timeoutSeconds: CLIENT_SECONDS, ...(env && { env }) };
  const { code, tail } = await run(file, [...args, task], limit);
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}:\n${tail}`);
  return {
    report: reportSchema.parse(JSON.parse(readFileSync(path.join(output, "report.json"), "utf8"))),
    picture: (name) => readFileSync(path.join(output, name)),
  };
}

/** The graphs that every library gets, in API format. */
function graphsOf({ painting }: Style): Record<string, unknown> {
  const flux = templates.find(({ id }) => id === "flux2_klein_4b_text_to_image");
  if (!flux) throw new Error("the small FLUX.2 template is there");
  const paint = (size: { width: number; height: number }, steps: number) => {
    const graph = structuredClone(flux.api);
    Object.assign(graph["6"]?.inputs ?? {}, size);
    Object.assign(graph["7"]?.inputs ?? {}, { ...size, steps });
    // Another seed each time, or ComfyUI answers from its cache.
    Object.assign(graph["8"]?.inputs ?? {}, { noise_seed: Math.floor(Math.random() * 2 ** 32) });
    return graph;
  };
  const save = (from: string) => ({
    class_type: "SaveImage",
    inputs: { images: [from, 0], filename_prefix: "client" },
  });
  return {
    negative: {
      "21": { class_type: "LoadImage", inputs: { image: "mine.png" } },
      "22": { class_type: "ImageInvert", inputs: { image: ["21", 0] } },
      "23": save("22"),
    },
    painting: paint(painting, PAINTING_STEPS),
    endless: paint({ width: 1024, height: 1024 }, 4000),
    refused: {
      "1": {
        class_type: "EmptyImage",
        inputs: { width: 64, height: 64, batch_size: 1, color: 0 },
      },
      // Without a picture, for which there is no default.
      "2": {
        class_type: "ImageScaleToTotalPixels",
        inputs: { upscale_method: "lanczos", megapixels: 1, resolution_steps: 1 },
      },
      "3": save("2"),
    },
  };
}
