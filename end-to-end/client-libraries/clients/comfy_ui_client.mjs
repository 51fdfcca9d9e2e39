/**
 * comfy-ui-client: takes `host/path` and knows nothing of signing in: its HTTP requests are plain
 * `fetch`, which refuses an address with a password in it. So the program that uses it adds the
 * header to `fetch`, and gives the WebSocket its token behind the client id, the end of the address.
 */
/* global Headers */
import { randomUUID } from "node:crypto";
import { ComfyUIClient } from "comfy-ui-client";
import { negativeOf, openLink, picture, report, save, task } from "./task.mjs";

const { address, host, base, token } = openLink(task.link);
const plainFetch = globalThis.fetch;
globalThis.fetch = (url, init = {}) => {
  const headers = new Headers(init.headers);
  if (String(url).startsWith(`${address}/`)) headers.set("Authorization", `Bearer ${token}`);
  return plainFetch(url, { ...init, headers });
};

const clientId = randomUUID();
const client = new ComfyUIClient(host + base, `${clientId}&token=${token}`);
await client.connect();
// From here on it is only sent in `POST prompt`, where the token does not belong.
client.clientId = clientId;

const stats = await client.getSystemStats();
const [loadImage, embeddings, extensions, remaining, queue] = [
  await client.getObjectInfo("LoadImage"),
  await client.getEmbeddings(),
  await client.getExtensions(),
  await client.getPrompt(),
  await client.getQueue(),
];
const uploaded = await client.uploadImage(picture(), "mine.png", false);

// The library offers no progress of its own; its socket is where a program reads it.
const seen = { progress: 0, previews: 0 };
client.ws.on("message", (data, isBinary) => {
  if (isBinary) seen.previews += 1;
  else if (JSON.parse(data.toString()).type === "progress") seen.progress += 1;
});
// One prompt with two outputs. It listens only once the submit has been answered, so a prompt that is
// over by then, as a small one or one from the cache may be, it would wait for in vain.
const images = await client.getImages({ ...task.graphs.painting, ...negativeOf(uploaded) });
save("negative.png", await images["23"][0].blob.arrayBuffer());
save("painting.png", await images["13"][0].blob.arrayBuffer());
const { progress, previews } = seen;

const refusal = await client.getImages(task.graphs.refused).catch((error) => error);

// `interrupt()` reads JSON from an answer that is empty in ComfyUI too (always 200, no body):
// the job ends, the call throws. Nothing that a gateway may answer otherwise.
const running = new Promise((resolve) => {
  client.ws.on("message", (data, isBinary) => {
    if (!isBinary && JSON.parse(data.toString()).type === "progress") resolve();
  });
});
const stopping = client.getImages(task.graphs.endless);
await running;
const thrown = await client.interrupt().catch((error) => error);
const left = Object.keys(await stopping).length;

const history = await client.getHistory();
const last = Object.values(history).at(-1);
await client.disconnect();
report({
  comfyuiVersion: stats.system.comfyui_version,
  lists: {
    loadImage: Object.keys(loadImage),
    embeddings: embeddings.length,
    extensions: Array.isArray(extensions),
    remaining: remaining.exec_info.queue_remaining,
    waiting: queue.queue_pending.length,
  },
  uploaded: uploaded.name,
  progress,
  previews,
  refusal: JSON.parse(refusal.message),
  interruption: last.status.messages.at(-1)[0],
  interruptThrew: thrown?.constructor.name,
  picturesOfInterrupted: left,
  history: Object.keys(history),
});
