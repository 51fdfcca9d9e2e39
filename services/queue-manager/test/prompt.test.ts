import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { registerWorker, startGateway, TOKENS, type TestGateway } from "./gateway.ts";
import { graph, ScriptedWorker } from "./scripted-worker.ts";

interface Refusal {
  error: { type: string; message: string; details: string; extra_info: object };
  node_errors: Record<string, unknown>;
}

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ environment: { USER_PENDING_LIMIT: "3" } });
});
afterAll(() => gateway.close());

async function refused(body: unknown): Promise<[number, Refusal, Headers]> {
  const response = await gateway.alice.post("/api/prompt", body);
  return [response.status, (await response.json()) as Refusal, response.headers];
}

/** The graph as ComfyUI 0.5 saved it: `resolution_steps` came with 0.6.0, required, default 1. */
const olderInputs = { image: ["1", 0], upscale_method: "bilinear", megapixels: 0.05 };
const olderGraph = { ...graph, "2": { ...graph["2"], inputs: olderInputs } };

describe("POST prompt", () => {
  test("a good graph is queued and answered as ComfyUI answers", async () => {
    const prompt_id = "11111111-2222-3333-4444-555555555555";
    const response = await gateway.alice.post("/prompt", { prompt: graph, prompt_id });
    expect(response.status).toBe(200);
    expect(Object.keys((await response.clone().json()) as object)).toEqual([
      "prompt_id",
      "number",
      "node_errors",
    ]);
    expect(await response.json()).toMatchObject({ prompt_id, node_errors: {} });
    await gateway.queue.cancel(prompt_id, "user001");
  });

  test("JSON sent as a form, as Python's urllib sends it, is taken", async () => {
    const response = await gateway.alice.fetch("/prompt", {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: JSON.stringify({ prompt: graph }),
    });
    expect(response.status).toBe(200);
    const { prompt_id } = (await response.json()) as { prompt_id: string };
    await gateway.queue.cancel(prompt_id, "user001");
  });

  test("a missing required input is refused with ComfyUI's node errors", async () => {
    const { upscale_method, megapixels, resolution_steps } = graph["2"].inputs;
    const inputs = { upscale_method, megapixels, resolution_steps };
    const [status, body] = await refused({ prompt: { ...graph, "2": { ...graph["2"], inputs } } });
    expect(status).toBe(400);
    expect(body).toEqual({
      error: {
        type: "prompt_outputs_failed_validation",
        message: "Prompt outputs failed validation",
        details: "",
        extra_info: {},
      },
      node_errors: {
        "2": {
          errors: [
            {
              type: "required_input_missing",
              message: "Required input is missing",
              details: "image",
              extra_info: { input_name: "image" },
            },
          ],
          dependent_outputs: ["3"],
          class_type: "ImageScaleToTotalPixels",
        },
      },
    });
  });

  test("a graph of an older ComfyUI runs with the default of the input that it lacks", async () => {
    const response = await gateway.alice.post("/prompt", { prompt: olderGraph });
    expect(response.status).toBe(200);
    const answer = (await response.json()) as { prompt_id: string; migration: string[] };
    expect(answer).toMatchObject({ node_errors: {}, migration: [expect.any(String)] });
    expect(answer.migration[0]).toMatch(/^Node 2 \(ImageScaleToTotalPixels\): .*resolution_steps/);
    const payload = await gateway.queue.payload(answer.prompt_id);
    expect(payload?.prompt).toMatchObject({ "2": { inputs: { resolution_steps: 1 } } });
    const metrics = await (
      await fetch(`${gateway.origin}/metrics`, {
        headers: { authorization: `Bearer ${TOKENS.admin}` },
      })
    ).text();
    expect(metrics).toContain("comfymulti_prompts_migrated_total 1");
    await gateway.queue.cancel(answer.prompt_id, "user001");
  });

  test("a graph that only in part can be healed is refused as it came", async () => {
    const { upscale_method, megapixels } = olderInputs;
    const inputs = { upscale_method, megapixels };
    const [status, body] = await refused({ prompt: { ...graph, "2": { ...graph["2"], inputs } } });
    expect(status).toBe(400);
    const missing = expect.arrayContaining([
      expect.objectContaining({ details: "image" }),
      expect.objectContaining({ details: "resolution_steps" }),
    ]) as unknown;
    expect(body.node_errors).toMatchObject({ "2": { errors: missing } });
  });

  test.each([
    ["no prompt", { x: 1 }, 400, "no_prompt"],
    ["text that is not JSON", "{nope", 400, "invalid_json"],
    ["a list", { prompt: [1, 2] }, 400, "invalid_prompt"],
    ["the editor's format", { prompt: { nodes: [], links: [] } }, 400, "invalid_prompt"],
    ["an empty graph", { prompt: {} }, 400, "prompt_no_outputs"],
    ["a bad prompt_id", { prompt: graph, prompt_id: "a/b" }, 400, "invalid_request"],
    [
      "nesting without end",
      `{"prompt":${"[".repeat(5000)}${"]".repeat(5000)}}`,
      400,
      "invalid_json",
    ],
    ["a body of 33 MB", `{"prompt":"${"x".repeat(33 * 1024 * 1024)}"}`, 413, "too_large"],
  ])("%s is refused in the dialog's form", async (_name, body, status, type) => {
    const [answered, refusal] = await refused(body);
    expect([answered, refusal.error.type]).toEqual([status, type]);
    expect(Object.keys(refusal)).toEqual(["error", "node_errors"]);
    expect(Object.keys(refusal.error)).toEqual(["type", "message", "details", "extra_info"]);
  });

  test("the account of a ComfyUI API node is not stored", async () => {
    const id = await gateway.alice.submit(graph, {
      extra_data: {
        auth_token_comfy_org: "secret-1",
        api_key_comfy_org: "secret-2",
        extra_pnginfo: { workflow: { id: "wf-1" } },
      },
    });
    expect((await gateway.queue.payload(id))?.extraData).toEqual({
      extra_pnginfo: { workflow: { id: "wf-1" } },
    });
    expect(await gateway.queue.job(id)).toMatchObject({ workflowId: "wf-1" });
    await gateway.queue.cancel(id, "user001");
  });

  test("the same prompt_id twice is one job, and somebody else's is refused", async () => {
    const id = await gateway.alice.submit(graph, { prompt_id: "twice" });
    await gateway.alice.submit(graph, { prompt_id: "twice" });
    expect((await gateway.queue.counts("user001")).pending).toBe(1);
    const taken = await gateway.bob.post("/prompt", { prompt: graph, prompt_id: id });
    expect(taken.status).toBe(409);
    expect(await taken.json()).toMatchObject({ error: { type: "prompt_id_taken" } });
    await gateway.queue.cancel(id, "user001");
  });

  test("a full queue answers 429 with the limit and Retry-After", async () => {
    const ids = [];
    for (let count = 0; count < 3; count++) ids.push(await gateway.alice.submit(graph));
    const [status, body, headers] = await refused({ prompt: graph });
    expect([status, body.error.type]).toEqual([429, "queue_full"]);
    expect(body.error.details).toMatch(/3/);
    const seconds = Number(headers.get("retry-after"));
    expect(seconds).toBeGreaterThan(0);
    expect(body.error.extra_info).toEqual({
      scope: "user",
      limit: 3,
      position: 0,
      retry_after_seconds: seconds,
    });
    for (const id of ids) await gateway.queue.cancel(id, "user001");
  });

  test("front puts a job before the user's others", async () => {
    const last = await gateway.alice.submit(graph);
    const first = await gateway.alice.submit(graph, { number: -1 });
    const worker = new ScriptedWorker(gateway.queue);
    expect((await worker.take()).job.id).toBe(first);
    await worker.finish();
    await gateway.queue.cancel(last, "user001");
  });

  test("a graph may load an uploaded file, and no file that is not there", async () => {
    const load = (image: string) => ({
      ...graph,
      "1": { class_type: "LoadImage", inputs: { image } },
    });
    const form = new FormData();
    form.append("image", new Blob(["not looked into"]), "mine.png");
    form.append("subfolder", "pasted");
    await gateway.alice.fetch("/upload/image", { method: "POST", body: form });
    const id = await gateway.alice.submit(load("pasted/mine.png [input]"));
    await gateway.queue.cancel(id, "user001");
    const [status] = await refused({ prompt: load("other.png") });
    expect(status).toBe(400);
    const others = await gateway.bob.post("/prompt", { prompt: load("pasted/mine.png") });
    expect(others.status).toBe(400);
  });
});

test("before the first worker the answer is 503 and says so", async () => {
  const empty = await startGateway({ worker: false });
  try {
    const response = await empty.alice.post("/prompt", { prompt: graph });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { type: "no_worker" }, node_errors: {} });
    expect((await empty.alice.fetch("/object_info")).status).toBe(503);
    await registerWorker(empty.queue);
    expect((await empty.alice.post("/prompt", { prompt: graph })).status).toBe(200);
  } finally {
    await empty.close();
  }
});

test("a gateway that may not migrate refuses a graph of an older ComfyUI", async () => {
  const strict = await startGateway({ environment: { MIGRATE_PROMPTS: "false" } });
  try {
    const response = await strict.alice.post("/prompt", { prompt: olderGraph });
    expect(response.status).toBe(400);
    const body = (await response.json()) as Refusal;
    const [error] = (body.node_errors["2"] as { errors: unknown[] }).errors;
    expect(error).toMatchObject({ type: "required_input_missing", details: "resolution_steps" });
  } finally {
    await strict.close();
  }
});
