/** @saintno/comfyui-sdk: takes an address with a path, and a Bearer token for HTTP and WebSocket. */
import { CallWrapper, ComfyApi, PromptBuilder } from "@saintno/comfyui-sdk";
import { negativeOf, openLink, picture, report, save, task } from "./task.mjs";

const { address, token } = openLink(task.link);
const api = new ComfyApi(address, undefined, {
  credentials: { type: "bearer_token", token },
});
const connected = new Promise((resolve) => api.on("connected", resolve));
const authorised = new Promise((resolve) => api.on("auth_success", resolve));
await api.init().waitForReady();
await Promise.all([connected, authorised]);

/** Runs a graph as the README does; what the library tells of it. */
async function run(graph, outputNode, { onProgress } = {}) {
  const told = { progress: 0, previews: 0, images: [], failure: null };
  const builder = new PromptBuilder(graph, [], ["images"]).setOutputNode("images", outputNode);
  const result = await new CallWrapper(api, builder)
    .onProgress((info) => {
      told.progress += 1;
      onProgress?.(info);
    })
    .onPreview(() => (told.previews += 1))
    .onFailed((error) => (told.failure ??= error))
    .run();
  if (result) told.images = result.images.images;
  return told;
}

const stats = await api.getSystemStats();
const [loadImage, samplers, embeddings, queue] = [
  await api.getNodeDefs("LoadImage"),
  await api.getSamplerInfo(),
  await api.getEmbeddings(),
  await api.getQueue(),
];
const uploaded = await api.uploadImage(picture(), "mine.png");

const masked = await api.uploadMask(picture(), uploaded.info);
await api.storeSetting("Comfy.Example", "kept");
await api.storeUserData("workflows/mine.json", task.graphs.negative);

const negative = await run(negativeOf(uploaded.info), "23");
save("negative.png", await (await api.getImage(negative.images[0])).arrayBuffer());

const painting = await run(task.graphs.painting, "13");
save("painting.png", await (await api.getImage(painting.images[0])).arrayBuffer());

const refused = await run(task.graphs.refused, "3");

/** While one job runs: a second one waits, is taken out of the queue, and the first is stopped. */
async function stopBoth() {
  const { prompt_id: second } = await api.appendPrompt(task.graphs.painting);
  const waiting = async () => (await api.getQueue()).queue_pending.map(([, id]) => id);
  const before = await waiting();
  await api.manageQueue({ delete: [second] });
  const after = await waiting();
  await api.interrupt();
  return { waited: before.includes(second), stillWaits: after.includes(second) };
}
let stopping;
const stopped = await run(task.graphs.endless, "13", {
  onProgress: () => (stopping ??= stopBoth()),
});
const removal = await stopping;

report({
  comfyuiVersion: stats.system.comfyui_version,
  lists: {
    loadImage: Object.keys(loadImage),
    samplers: samplers.sampler[0].length,
    embeddings: embeddings.length,
    waiting: queue.queue_pending.length,
    managerExtension: api.ext.manager.isSupported,
    masked: masked.info.name,
    setting: await api.getSetting("Comfy.Example"),
    workflows: await api.listUserData("workflows", true, false),
    removal,
  },
  uploaded: uploaded.info.name,
  progress: painting.progress,
  previews: painting.previews,
  refusal: refused.failure.cause,
  interruption: stopped.failure.message,
  history: Object.keys(await api.getHistories()),
});
