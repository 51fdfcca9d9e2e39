/** Every route of ComfyUI that an editor or a client library uses is there, in both spellings. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Echo } from "./frontend.ts";
import { startGateway, TOKENS, type TestGateway } from "./gateway.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
  const form = new FormData();
  form.append("image", new Blob(["bytes"]), "there.png");
  await gateway.alice.fetch("/upload/image", { method: "POST", body: form });
});
afterAll(() => gateway.close());

/** Answered by the gateway itself, under `/userNNN/` and `/userNNN/api/`. */
const own: readonly [path: string, status: number][] = [
  ["/prompt", 200],
  ["/queue", 200],
  ["/history", 200],
  ["/history?max_items=64", 200],
  ["/history/unknown", 200],
  ["/object_info", 200],
  ["/object_info/KSampler", 200],
  ["/system_stats", 200],
  ["/features", 200],
  ["/embeddings", 200],
  ["/models", 200],
  ["/models/checkpoints", 200],
  ["/models/nothing", 404],
  ["/experiment/models", 200],
  ["/experiment/models/vae", 200],
  ["/view?filename=there.png&type=input", 200],
  ["/view_metadata/checkpoints?filename=x.safetensors", 404],
];

/** Only under `/userNNN/api/`, as in ComfyUI. */
const apiOnly: readonly [path: string, status: number][] = [
  ["/jobs", 200],
  ["/jobs/unknown", 404],
  ["/assets", 200],
  ["/assets/unknown", 404],
  ["/tags", 200],
];

/** Only under `/userNNN/`, as in ComfyUI. */
const plainOnly: readonly [path: string, status: number][] = [
  ["/internal/logs", 200],
  ["/internal/logs/raw", 200],
  ["/internal/folder_paths", 200],
  ["/internal/files/output", 200],
];

const everyRoute = [
  ...own.flatMap(([path, status]) => [[path, status] as const, [`/api${path}`, status] as const]),
  ...apiOnly.map(([path, status]) => [`/api${path}`, status] as const),
  ...plainOnly,
];

describe("a GET route of ours", () => {
  test.each(everyRoute)("%s answers %i, to HEAD as to GET", async (path, status) => {
    const got = await gateway.alice.fetch(path);
    const head = await gateway.alice.fetch(path, { method: "HEAD" });
    expect([got.status, head.status]).toEqual([status, status]);
    expect(await head.text()).toBe("");
    // An echo would mean that the user's frontend was asked.
    expect(await got.text()).not.toContain('"comfy-user"');
  });

  test("is nobody else's", async () => {
    const statuses = await Promise.all(
      everyRoute.map(async ([path]) => {
        const headers = { authorization: `Bearer ${TOKENS.bob}` };
        return (await fetch(`${gateway.origin}/user001${path}`, { headers })).status;
      }),
    );
    // 429 once that many wrong tokens came from one address.
    for (const status of statuses) expect([401, 429]).toContain(status);
  });
});

test.each(["", "/api"])("POST routes below %j take a body and take none", async (prefix) => {
  for (const [path, body] of [
    ["/queue", { delete: ["unknown"] }],
    ["/queue", { clear: true }],
    ["/interrupt", {}],
    ["/interrupt", ""],
    ["/interrupt", { prompt_id: "unknown" }],
    ["/free", { unload_models: true }],
    ["/history", { delete: ["unknown"] }],
    ["/history", { clear: true }],
  ] as const) {
    expect((await gateway.alice.post(`${prefix}${path}`, body)).status, path).toBe(200);
  }
});

test("the editor's log subscription is taken", async () => {
  const response = await gateway.alice.fetch("/internal/logs/subscribe", {
    method: "PATCH",
    body: JSON.stringify({ clientId: "a", enabled: true }),
  });
  expect(response.status).toBe(200);
});

test.each([
  "/users",
  "/settings",
  "/settings/Comfy.Locale",
  "/userdata?dir=workflows",
  "/userdata/workflows%2Fa.json",
  "/v2/userdata?path=workflows",
  "/workflow_templates",
  "/i18n",
  "/global_subgraphs",
])("%s is the user's frontend's, in both spellings", async (path) => {
  for (const prefix of ["", "/api"]) {
    const echo = await gateway.alice.get<Echo & Record<string, unknown>>(`${prefix}${path}`);
    expect(echo.url).toBe(`/user001${prefix}${path}`);
    expect(echo.headers).toHaveProperty("comfy-user", "user001");
    const head = await gateway.alice.fetch(`${prefix}${path}`, { method: "HEAD" });
    expect(head.status).toBe(200);
  }
});
