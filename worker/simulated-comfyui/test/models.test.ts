/** What stands for models: labelled pictures, the timing model, VRAM, and refusals that say so. */
import sharp from "sharp";
import { loadObjectInfo, templates } from "@comfymulti/workflows";
import { expect, test } from "vitest";
import { z } from "zod";
import type { TestGraph } from "./client.ts";
import { TestClient, ending } from "./client.ts";

const stats = z.object({
  system: z.object({ comfyui_version: z.string(), simulated: z.literal(true) }),
  devices: z.array(z.object({ name: z.string(), vram_total: z.number(), vram_free: z.number() })),
});
const readStats = async (url: string) =>
  stats.parse(await (await fetch(`${url}/system_stats`)).json());

const sampled = (seed: number, text = "a red fox"): TestGraph => ({
  "1": { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: "small.safetensors" } },
  "2": { class_type: "CLIPTextEncode", inputs: { clip: ["1", 1], text } },
  "3": { class_type: "EmptyLatentImage", inputs: { width: 256, height: 192, batch_size: 2 } },
  "4": {
    class_type: "KSampler",
    inputs: {
      model: ["1", 0],
      seed,
      steps: 3,
      cfg: 1,
      sampler_name: "euler",
      scheduler: "simple",
      positive: ["2", 0],
      negative: ["2", 0],
      latent_image: ["3", 0],
      denoise: 1,
    },
  },
  "5": { class_type: "VAEDecode", inputs: { samples: ["4", 0], vae: ["1", 2] } },
  "6": { class_type: "SaveImage", inputs: { images: ["5", 0], filename_prefix: "fox" } },
});
const models = { checkpoints: ["small.safetensors"] };

test("sampling tells each step with a preview and decodes to a labelled picture of the latent's size", async (context) => {
  const client = await TestClient.start(context, { models });
  const files = await client.files(await client.run(sampled(7)), "6");
  expect(files).toHaveLength(2);
  const { width, height } = await sharp(files[0]?.bytes).metadata();
  expect([width, height]).toEqual([256, 192]);
  const again = await TestClient.start(context, { models });
  const same = await again.files(await again.run(sampled(7)), "6");
  expect(same[1]?.bytes.equals(files[1]?.bytes ?? Buffer.alloc(0))).toBe(true);
  const other = await again.files(await again.run(sampled(8)), "6");
  expect(other[1]?.bytes.equals(files[1]?.bytes ?? Buffer.alloc(0))).toBe(false);
});

test("only what changed runs again", async (context) => {
  const client = await TestClient.start(context, { models });
  await client.run(sampled(7));
  const entry = await client.run(sampled(9));
  const cached = entry.status.messages.find(([type]) => type === "execution_cached")?.[1]["nodes"];
  expect(cached).toEqual(["1", "2", "3"]);
});

test("a loaded model takes VRAM until /free, and says that it is simulated", async (context) => {
  const client = await TestClient.start(context, { models, vramMiB: 24_000 });
  const before = await readStats(client.url);
  expect(before.system.comfyui_version).toBe("0.11.1");
  expect(before.devices[0]?.name).toContain("Simulated");
  expect(before.devices[0]?.vram_free).toBe(24_000 * 1024 * 1024);
  await client.run(sampled(7));
  const loaded = await readStats(client.url);
  expect(loaded.devices[0]?.vram_free).toBe(22_000 * 1024 * 1024);
  await client.post("/free", { unload_models: true, free_memory: true });
  expect((await readStats(client.url)).devices[0]?.vram_free).toBe(24_000 * 1024 * 1024);
});

test("a GPU that is too small fails as PyTorch does", async (context) => {
  const client = await TestClient.start(context, { models, vramMiB: 1_000 });
  const [type, data] = ending(await client.run(sampled(7)));
  expect(type).toBe("execution_error");
  expect(data["exception_type"]).toBe("torch.OutOfMemoryError");
});

test("a node that the simulator can't run fails and says so", async (context) => {
  const client = await TestClient.start(context);
  const [type, data] = ending(
    await client.run({
      "1": { class_type: "EmptyImage", inputs: { width: 8, height: 8, batch_size: 1, color: 0 } },
      "2": {
        class_type: "ImageSharpen",
        inputs: { image: ["1", 0], sharpen_radius: 1, sigma: 1, alpha: 1 },
      },
      "3": { class_type: "PreviewImage", inputs: { images: ["2", 0] } },
    }),
  );
  expect(type).toBe("execution_error");
  expect(data["exception_message"]).toContain("simulated ComfyUI can't run ImageSharpen");
});

test("every template of the workshop runs on both versions and makes its file", async (context) => {
  for (const version of ["0.9.2", "0.11.1"] as const) {
    const client = await TestClient.start(context, { version, testNodes: false });
    for (const template of templates) {
      const needed = Object.values(template.api).map(
        (node) => (node as { class_type: string }).class_type,
      );
      expect(needed.every((type) => type in loadObjectInfo(version))).toBe(true);
      const entry = await client.run(template.api);
      const [type, data] = ending(entry);
      const said = String(data["exception_message"]);
      expect(type, `${template.id} on ${version}: ${said}`).toBe("execution_success");
      for (const node of Object.keys(entry.outputs)) {
        for (const { name, bytes } of await client.files(entry, node)) {
          const magic = name.endsWith(".mp4") ? bytes.subarray(4, 8) : bytes.subarray(1, 4);
          expect(magic.toString(), name).toBe(name.endsWith(".mp4") ? "ftyp" : "PNG");
        }
      }
      expect(Object.keys(entry.outputs).length, template.id).toBeGreaterThan(0);
    }
  }
}, 120_000);
