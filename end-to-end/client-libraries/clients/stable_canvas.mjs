/**
 * @stable-canvas/comfyui-client: has no setting for a header, but plugins that may change each
 * request (its own LoginAuthPlugin is one). Its `wsURL()` sets the path to `/ws` and forgets
 * `api_base`, so behind any path prefix, ours or a plain ComfyUI's, the plugin has to put it back.
 */
/* global Blob, FormData */
import { Client, Plugin, Workflow } from "@stable-canvas/comfyui-client";
import { openLink, picture, report, save, task } from "./task.mjs";

const { host, base, token } = openLink(task.link);

class PersonalLink extends Plugin {
  constructor() {
    super();
    this.addHook({
      type: "function",
      name: "apiHeaders",
      fn: (original, ...args) => ({ ...original(...args), Authorization: `Bearer ${token}` }),
    });
    this.addHook({
      type: "function",
      name: "wsURL",
      fn: (original) => {
        const url = new URL(original());
        url.pathname = `${base}/ws`;
        url.searchParams.set("token", token);
        return url.toString();
      },
    });
  }
}

const client = new Client({ api_host: host, api_base: base });
client.use(new PersonalLink());
await client.connect();

const stats = await client.getSystemStats();
const [samplers, embeddings, settings, queue] = [
  await client.getSamplers(),
  await client.getEmbeddings(),
  await client.getSettings(),
  await client.getQueue(),
];

const form = new FormData();
form.append("image", new Blob([picture()]), "mine.png");
const uploaded = await (
  await client.fetchApi("/upload/image", { method: "POST", body: form })
).json();

/** The pictures of a result that lie on the server; previews come as buffers beside them. */
async function download(result) {
  const { data: url } = result.images.find(({ type }) => type === "url");
  return (await fetch(url, { headers: client.apiHeaders() })).arrayBuffer();
}

const inverting = new Workflow();
{
  const { LoadImage, ImageInvert, SaveImage } = inverting.classes;
  const [image] = LoadImage({ image: uploaded.name });
  const [inverted] = ImageInvert({ image });
  SaveImage({ images: inverted, filename_prefix: "negative" });
}
save("negative.png", await download(await inverting.invoke_polling(client, { polling_ms: 100 })));

/** The fluent builder numbers nodes itself; a ready graph goes in node by node in that order. */
function workflowOf(graph) {
  const workflow = new Workflow();
  for (const { class_type: type, inputs } of Object.values(graph)) workflow.node(type, inputs);
  return workflow;
}

let progress = 0;
const painting = await workflowOf(task.graphs.painting).invoke(client, {
  progress: () => (progress += 1),
});
save("painting.png", await download(painting));
const previews = painting.images.filter(({ type }) => type === "buff").length;

const refusal = await workflowOf(task.graphs.refused)
  .invoke(client)
  .catch((error) => error);

const endless = workflowOf(task.graphs.endless).instance(client);
await endless.enqueue();
endless.once("progress", () => void endless.interrupt());
const interruption = await endless.wait().catch((error) => error);

const { History: history } = await client.getHistory();
client.close();
report({
  comfyuiVersion: stats.system.comfyui_version,
  lists: {
    samplers: samplers.length,
    embeddings: embeddings.length,
    settings: typeof settings,
    waiting: queue.Pending.length,
  },
  uploaded: uploaded.name,
  progress,
  previews,
  refusal: refusal.json,
  interruption: interruption.message,
  history: history.map(({ prompt }) => prompt[1]),
});
