/** Small prompts are judged in the service, large ones in a thread: nobody can tell the difference. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  GRAPH_NODES,
  INLINE_PROMPT_BYTES,
  PROMPT_BODY_BYTES,
  PROMPTS_IN_FLIGHT,
  REFUSAL,
} from "../src/limits.ts";
import { Intake } from "../src/submission/intake.ts";
import { registerWorker, startGateway, type TestGateway } from "./gateway.ts";
import { graph } from "./scripted-worker.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
  const form = new FormData();
  form.append("image", new Blob(["x"]), "mine.png");
  await gateway.alice.fetch("/upload/image", { method: "POST", body: form });
});
afterAll(() => gateway.close());

const load = (image: string) => ({ ...graph, "1": { class_type: "LoadImage", inputs: { image } } });
const withoutInput = { ...graph, "2": { class_type: "ImageScaleToTotalPixels", inputs: {} } };

async function answer(body: string): Promise<[number, Record<string, unknown>]> {
  const response = await gateway.alice.post("/api/prompt", body);
  return [response.status, (await response.json()) as Record<string, unknown>];
}

/** The same body, and with so much white space that it goes to a thread. */
const both = (body: string) => [body, body + " ".repeat(2 * INLINE_PROMPT_BYTES)];

describe("a small and a large body", () => {
  test.each([
    ["no prompt", "{}"],
    ["no JSON", "{nope"],
    ["a list", JSON.stringify({ prompt: [1] })],
    ["the editor's format", JSON.stringify({ prompt: { nodes: [], links: [] } })],
    ["nesting without end", `{"prompt":${"[".repeat(5000)}${"]".repeat(5000)}}`],
    ["a graph without outputs", JSON.stringify({ prompt: {} })],
    ["a graph with a fault", JSON.stringify({ prompt: withoutInput })],
    ["a file that was not uploaded", JSON.stringify({ prompt: load("other.png") })],
    ["a bad id", JSON.stringify({ prompt: graph, prompt_id: "a/b" })],
  ])("with %s are refused with the same words", async (_name, body) => {
    const [small, large] = both(body);
    const refusal = await answer(small ?? "");
    expect(refusal[0]).toBe(400);
    expect(refusal[1]).toHaveProperty("node_errors");
    expect(await answer(large ?? "")).toEqual(refusal);
  });

  test("with a good graph become the same job", async () => {
    const body = JSON.stringify({
      prompt: load("mine.png"),
      client_id: "tab",
      number: -1,
      extra_data: { auth_token_comfy_org: "secret", extra_pnginfo: { workflow: { id: "wf" } } },
    });
    const jobs = [];
    for (const text of both(body)) {
      const [status, { prompt_id: id }] = await answer(text);
      expect(status).toBe(200);
      const job = await gateway.queue.job(String(id));
      jobs.push({
        ...job,
        id,
        createdAt: 0,
        number: 0,
        payload: await gateway.queue.payload(String(id)),
      });
      await gateway.queue.cancel(String(id), "user001");
    }
    const [small, large] = jobs;
    expect(large).toEqual({ ...small, id: large?.id });
    expect(small).toMatchObject({ clientId: "tab", workflowId: "wf" });
    expect(JSON.stringify(small)).not.toContain("secret");
  });

  test("are judged by the newest node definitions", async () => {
    const body = JSON.stringify({ prompt: { "1": { class_type: "OnlyLater", inputs: {} } } });
    for (const text of both(body))
      expect((await answer(text))[1]).toHaveProperty("error.type", "invalid_prompt");
    await registerWorker(gateway.queue, {
      OnlyLater: { input: {}, output: [], output_node: true },
    });
    // The service asks for a newer version about once a second.
    await expect.poll(async () => (await answer(both(body)[0] ?? ""))[0]).toBe(200);
    expect((await answer(both(body)[1] ?? ""))[0]).toBe(200);
    await registerWorker(gateway.queue);
  });
});

test.each([
  ["more nodes than anybody draws", GRAPH_NODES + 1, "invalid_prompt", 0],
  ["thousands of faulty nodes", GRAPH_NODES, "prompt_outputs_failed_validation", REFUSAL.nodes],
])("%s get a short answer", async (_name, count, type, told) => {
  const node = { class_type: "SaveImage", inputs: {} };
  const prompt = Object.fromEntries(Array.from({ length: count }, (_item, id) => [id, node]));
  const [status, body] = await answer(JSON.stringify({ prompt }));
  expect(status).toBe(400);
  expect(body).toHaveProperty("error.type", type);
  expect(Object.keys(body["node_errors"] as object)).toHaveLength(told);
  expect(JSON.stringify(body).length).toBeLessThan(1_000_000);
});

describe("what is taken in at once", () => {
  test("has a bound for everybody and one for each user, and room again when a place is given back", () => {
    const intake = new Intake({ all: 100, user: 60 });
    const first = intake.open("user001");
    first.growTo(50);
    first.growTo(60);
    expect(() => {
      intake.open("user001").growTo(1);
    }).toThrow(/at once/);
    expect(() => {
      intake.open("user002").growTo(41);
    }).toThrow(/at once/);
    intake.open("user002").growTo(40);
    first.release();
    first.release();
    intake.open("user001").growTo(60);
  });

  test("holds at least two of the largest prompts of one user", () => {
    expect(PROMPTS_IN_FLIGHT.user).toBeGreaterThanOrEqual(2 * PROMPT_BODY_BYTES);
  });
});
