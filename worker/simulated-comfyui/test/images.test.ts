/** What the nodes without models compute: checked pixel by pixel or by size. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import { TestClient, ending } from "./client.ts";

const empty = (width: number, height: number, color: number, batch_size = 1) => ({
  class_type: "EmptyImage",
  inputs: { width, height, batch_size, color },
});
const save = (node: string, prefix = "picture") => ({
  class_type: "SaveImage",
  inputs: { images: [node, 0], filename_prefix: prefix },
});
const firstPixel = async (png: Buffer | undefined): Promise<number[]> => [
  ...(await sharp(png).extract({ left: 0, top: 0, width: 1, height: 1 }).raw().toBuffer()),
];

/** Node type, its inputs besides the picture of 64 x 48, and the size that must come out. */
const sizes: readonly [string, Record<string, unknown>, number, number][] = [
  ["ImageScale", { upscale_method: "lanczos", width: 32, height: 0, crop: "disabled" }, 32, 24],
  ["ImageScale", { upscale_method: "area", width: 30, height: 50, crop: "center" }, 30, 50],
  ["ImageScaleBy", { upscale_method: "bilinear", scale_by: 1.5 }, 96, 72],
  [
    "ImageScaleToTotalPixels",
    { upscale_method: "bilinear", megapixels: 0.05, resolution_steps: 8 },
    264,
    200,
  ],
  [
    "ImageScaleToTotalPixels",
    { upscale_method: "bilinear", megapixels: 0.05, resolution_steps: 1 },
    264,
    198,
  ],
  ["ImageCrop", { width: 500, height: 10, x: 60, y: 5 }, 4, 10],
  ["ImagePadForOutpaint", { left: 8, top: 0, right: 8, bottom: 16, feathering: 0 }, 80, 64],
  ["ImageBlur", { blur_radius: 3, sigma: 1 }, 64, 48],
];

test("the picture nodes give pictures of ComfyUI's sizes", async (context) => {
  const client = await TestClient.start(context);
  for (const [type, inputs, width, height] of sizes) {
    const entry = await client.run({
      "1": empty(64, 48, 0x33dffd),
      "2": { class_type: type, inputs: { image: ["1", 0], ...inputs } },
      "3": save("2"),
    });
    const [file] = await client.files(entry, "3");
    const made = await sharp(file?.bytes).metadata();
    expect([made.width, made.height], type).toEqual([width, height]);
  }
});

test("a batch is inverted picture by picture and saved under counted names", async (context) => {
  const client = await TestClient.start(context);
  const graph = {
    "1": empty(8, 8, 0xff0000, 2),
    "2": empty(4, 4, 0x00ff00),
    "3": { class_type: "ImageBatch", inputs: { image1: ["1", 0], image2: ["2", 0] } },
    "4": { class_type: "ImageInvert", inputs: { image: ["3", 0] } },
    "5": save("4", "day one/red"),
  };
  const files = await client.files(await client.run(graph), "5");
  expect(files.map(({ name }) => name)).toEqual([
    "day one/red_00001_.png",
    "day one/red_00002_.png",
    "day one/red_00003_.png",
  ]);
  expect(await firstPixel(files[0]?.bytes)).toEqual([0, 255, 255]);
  expect(await firstPixel(files[2]?.bytes)).toEqual([255, 0, 255]);
});

test("a saved picture carries the graph and the workflow as ComfyUI's text chunks", async (context) => {
  const client = await TestClient.start(context);
  const graph = { "1": empty(8, 8, 0), "2": save("1", "ä") };
  const body = {
    prompt: graph,
    client_id: "test-client",
    extra_data: { extra_pnginfo: { workflow: { id: "w", note: "für alle" } } },
  };
  const { prompt_id: id } = (await (await client.post("/prompt", body)).json()) as {
    prompt_id: string;
  };
  await client.socket.until("executing", (data) => data["node"] === null);
  const history = (await (await fetch(`${client.url}/history/${id}`)).json()) as Record<
    string,
    never
  >;
  const [file] = await client.files(history[id] as never, "2");
  const { comments } = await sharp(file?.bytes).metadata();
  const texts = Object.fromEntries((comments ?? []).map(({ keyword, text }) => [keyword, text]));
  expect(JSON.parse(texts["prompt"] ?? "")).toEqual(graph);
  expect(JSON.parse(texts["workflow"] ?? "")).toEqual({ id: "w", note: "für alle" });
});

test("LoadImage gives the uploaded pixels, and runs again when the file changes", async (context) => {
  const client = await TestClient.start(context);
  const graph = {
    "1": { class_type: "LoadImage", inputs: { image: "mine.png" } },
    "2": save("1"),
  };
  for (const [colour, expected] of [
    ["#ff8000", [255, 128, 0]],
    ["#0080ff", [0, 128, 255]],
  ] as const) {
    const create = { width: 5, height: 5, channels: 3, background: colour } as const;
    await writeFile(
      path.join(client.directory, "input", "mine.png"),
      await sharp({ create }).png().toBuffer(),
    );
    const [file] = await client.files(await client.run(graph), "2");
    expect(await firstPixel(file?.bytes)).toEqual(expected);
  }
});

test("a picture that was not uploaded is refused before anything runs", async (context) => {
  const client = await TestClient.start(context);
  const prompt = {
    "1": { class_type: "LoadImage", inputs: { image: "missing.png" } },
    "2": save("1"),
  };
  const response = await client.post("/prompt", { prompt });
  expect(response.status).toBe(400);
  expect(JSON.stringify(await response.json())).toContain("custom_validation_failed");
});

test("a prefix that leads out of the output folder fails with ComfyUI's words", async (context) => {
  const client = await TestClient.start(context);
  for (const prefix of ["../escaped", "/etc/escaped", "a/../../escaped"]) {
    const [type, data] = ending(await client.run({ "1": empty(8, 8, 0), "2": save("1", prefix) }));
    expect(type).toBe("execution_error");
    expect(data["exception_message"]).toContain(
      "Saving image outside the output folder is not allowed",
    );
  }
});
