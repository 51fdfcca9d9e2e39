/** The server's edges: bodies that are too big, paths that lead out, faults on demand, order. */
import { once } from "node:events";
import { request } from "node:http";
import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import { TestClient, ending } from "./client.ts";
import { RecordingSocket } from "./recording-socket.ts";

const image = {
  class_type: "EmptyImage",
  inputs: { width: 8, height: 8, batch_size: 1, color: 0 },
};
const saved = (node: string) => ({
  class_type: "SaveImage",
  inputs: { images: [node, 0], filename_prefix: "x" },
});
const slow = (steps: number) => ({
  "1": image,
  "2": { class_type: "GwSlow", inputs: { image: ["1", 0], steps, ms: 20, fail: false } },
  "3": saved("2"),
});

async function upload(url: string, fields: Record<string, string>, name: string, bytes: string) {
  const form = new FormData();
  for (const [key, value] of Object.entries(fields)) form.append(key, value);
  form.append("image", new Blob([bytes]), name);
  return fetch(`${url}/upload/image`, { method: "POST", body: form });
}

test("a body beyond a hundred mebibytes is refused before it is read", async (context) => {
  const client = await TestClient.start(context);
  const sent = request(`${client.url}/prompt`, {
    method: "POST",
    headers: { "content-length": String(100 * 1024 * 1024 + 1) },
  });
  sent.on("error", () => sent.destroy());
  sent.write("{");
  const [response] = (await once(sent, "response")) as [{ statusCode: number }];
  sent.destroy();
  expect(response.statusCode).toBe(413);
});

test("view keeps to its folders", async (context) => {
  const client = await TestClient.start(context);
  await writeFile(path.join(client.directory, "secret.txt"), "secret");
  const answers = await Promise.all(
    [
      "filename=../secret.txt",
      "filename=/etc/passwd",
      "filename=secret.txt&subfolder=..",
      "filename=secret.txt&type=elsewhere",
      "filename=",
      "filename=secret.txt",
    ].map(async (query) => (await fetch(`${client.url}/view?${query}`)).status),
  );
  expect(answers).toEqual([400, 400, 403, 400, 400, 404]);
});

test("an upload keeps to its folder, and the same bytes get the same name", async (context) => {
  const { url, directory } = await TestClient.start(context);
  expect((await upload(url, { subfolder: "../.." }, "a.png", "1")).status).toBe(400);
  const names = [];
  for (const [bytes, overwrite] of [
    ["1", "false"],
    ["1", "false"],
    ["2", "false"],
    ["3", "true"],
  ] as const) {
    const response = await upload(url, { subfolder: "sub", overwrite }, "a.png", bytes);
    names.push(((await response.json()) as { name: string }).name);
  }
  expect(names).toEqual(["a.png", "a.png", "a (1).png", "a.png"]);
  expect((await readdir(path.join(directory, "input", "sub"))).sort()).toEqual([
    "a (1).png",
    "a.png",
  ]);
});

test("a mask's transparency is put into the picture that it belongs to", async (context) => {
  const { url, directory } = await TestClient.start(context);
  const picture = { width: 4, height: 4, channels: 3, background: "red" } as const;
  const clear = {
    width: 4,
    height: 4,
    channels: 4,
    background: { r: 0, g: 0, b: 0, alpha: 0 },
  } as const;
  await sharp({ create: picture })
    .png()
    .toFile(path.join(directory, "input", "a.png"));
  const form = new FormData();
  form.append("original_ref", JSON.stringify({ filename: "a.png", type: "input" }));
  form.append("image", new Blob([await sharp({ create: clear }).png().toBuffer()]), "m.png");
  const response = await fetch(`${url}/upload/mask`, { method: "POST", body: form });
  expect(await response.json()).toEqual({ name: "m.png", subfolder: "", type: "input" });
  const pixels = await sharp(path.join(directory, "input", "m.png"))
    .raw()
    .toBuffer();
  expect([...pixels.subarray(0, 4)]).toEqual([255, 0, 0, 0]);
});

test("prompts run in the order of their numbers, and front goes before", async (context) => {
  const client = await TestClient.start(context);
  const first = await client.queue(slow(10));
  const numbers = await Promise.all(
    [{ number: 50 }, { number: 40 }, { front: true }].map(async (order) => {
      const body = { prompt: { "1": image, "2": saved("1") }, client_id: "test-client", ...order };
      return ((await (await client.post("/prompt", body)).json()) as { prompt_id: string })
        .prompt_id;
    }),
  );
  const started: unknown[] = [];
  for (let count = 0; count < 4; count += 1) {
    started.push((await client.socket.until("execution_start"))["prompt_id"]);
  }
  expect(started).toEqual([first, numbers[2], numbers[1], numbers[0]]);
  await client.socket.until("executing", (data) => data["node"] === null);
});

test("the page, the stats and the logs say that it is simulated", async (context) => {
  const { url } = await TestClient.start(context);
  for (const route of ["/", "/system_stats", "/api/system_stats", "/internal/logs"]) {
    expect(await (await fetch(url + route)).text(), route).toMatch(/simulated/i);
  }
});

test("GwOutOfMemory fails as PyTorch does when the GPU is full", async (context) => {
  const client = await TestClient.start(context);
  const entry = await client.run({
    "1": image,
    "2": { class_type: "GwOutOfMemory", inputs: { image: ["1", 0] } },
    "3": saved("2"),
  });
  expect(ending(entry)[1]["exception_type"]).toBe("torch.OutOfMemoryError");
});

test("GwCrash drops every connection and the port, and another simulator can take over", async (context) => {
  const client = await TestClient.start(context);
  const other = await RecordingSocket.open(client.url, "other");
  await client.queue({
    "1": image,
    "2": { class_type: "GwCrash", inputs: { image: ["1", 0] } },
    "3": saved("2"),
  });
  await other.closed;
  await expect(fetch(`${client.url}/prompt`)).rejects.toThrow();
  const next = await TestClient.start(context, { port: Number(new URL(client.url).port) });
  expect((await fetch(`${next.url}/prompt`)).status).toBe(200);
});

test("test nodes are offered only when they were asked for", async (context) => {
  const { url } = await TestClient.start(context, { testNodes: false });
  expect(await (await fetch(`${url}/object_info/GwSlow`)).json()).toEqual({});
});

test("closing in the middle of a prompt ends at once", async (context) => {
  const client = await TestClient.start(context);
  await client.queue(slow(1000));
  await client.socket.until("progress");
  await client.comfyui.close();
  await expect(fetch(`${client.url}/prompt`)).rejects.toThrow();
});
