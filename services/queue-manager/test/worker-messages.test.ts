/** A worker without a way to Redis relays what ComfyUI says over HTTP: into the same user's sockets. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { BrowserSocket } from "./browser.ts";
import { startGateway, TOKENS, type TestGateway } from "./gateway.ts";
import { graph, ScriptedWorker } from "./scripted-worker.ts";

let gateway: TestGateway;
let worker: ScriptedWorker;
let socket: BrowserSocket;
let clients = 0;

beforeAll(async () => {
  gateway = await startGateway();
  worker = new ScriptedWorker(gateway.queue);
});
afterAll(() => gateway.close());

beforeEach(async () => {
  const clientId = `editor-${++clients}`;
  socket = await gateway.alice.socket(clientId);
  await gateway.alice.submit(graph, { client_id: clientId });
  await worker.take();
});

interface Sent {
  readonly token?: string;
  readonly attempt?: number | string;
  readonly job?: string;
}

function send(
  kind: "messages" | "previews",
  body: string | Buffer,
  { token = TOKENS.worker, attempt = worker.claim.attempt, job = worker.claim.job.id }: Sent = {},
): Promise<Response> {
  const type = kind === "messages" ? "application/json" : "application/octet-stream";
  return fetch(`${gateway.origin}/internal/v1/jobs/${job}/${kind}?attempt=${attempt}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": type },
    body: typeof body === "string" ? body : new Uint8Array(body),
  });
}

const message = (type: string, data: Record<string, unknown> = {}, passing = false): string =>
  JSON.stringify({ type, data: { ...data, prompt_id: worker.claim.job.id }, passing });

function frame(bytes: number): Buffer {
  const whole = Buffer.alloc(bytes);
  whole.writeUInt32BE(1, 0);
  whole.writeUInt32BE(1, 4);
  return whole;
}

describe("POST messages", () => {
  test("reaches the editor that submitted the job, word for word and in order", async () => {
    const data = { node: "1", text: "Grüße 😀" };
    expect((await send("messages", message("execution_start", { timestamp: 1 }))).status).toBe(204);
    expect((await send("messages", message("executed", data))).status).toBe(204);
    await socket.untilType("executed");
    const told = socket.frames.filter(({ type }) => type.startsWith("execut"));
    expect(told.map(({ type }) => type)).toEqual(["execution_start", "executed"]);
    expect(told[1]?.data).toEqual({ ...data, prompt_id: worker.claim.job.id });
  });

  test("keeps progress out of the stored stream when it passes", async () => {
    const before = await gateway.queue.eventsSince("user001", "0");
    await send("messages", message("progress", { value: 1, max: 4 }, true));
    await socket.untilType("progress");
    expect(await gateway.queue.eventsSince("user001", "0")).toHaveLength(before.length);
  });

  test("refuses another attempt, another worker and a job that is not there", async () => {
    const body = message("progress");
    for (const sent of [
      { attempt: worker.claim.attempt + 1 },
      { token: TOKENS.otherWorker },
      { job: "no-such-job" },
    ]) {
      expect((await send("messages", body, sent)).status, JSON.stringify(sent)).toBe(409);
    }
    expect((await send("messages", body, { token: TOKENS.alice })).status).toBe(401);
  });

  test("refuses a cancelled job with 409, by which the worker learns of it", async () => {
    await gateway.queue.cancel(worker.claim.job.id, "user001");
    expect((await send("messages", message("progress"))).status).toBe(409);
    expect((await send("previews", frame(100))).status).toBe(409);
  });

  test.each([
    ["no JSON", "{", 400],
    ["no type", '{"data":{}}', 400],
    ["a list", "[]", 400],
    ["more than is taken", `{"type":"executed","data":{"x":"${"x".repeat(9 * 2 ** 20)}"}}`, 413],
  ])("refuses a body with %s", async (_name, body, status) => {
    expect((await send("messages", body)).status).toBe(status);
  });

  test("refuses a request without an attempt", async () => {
    expect((await send("messages", message("progress"), { attempt: "" })).status).toBe(400);
  });
});

describe("POST previews", () => {
  test("brings the frame to the editor byte by byte", async () => {
    const sent = frame(5000);
    expect((await send("previews", sent)).status).toBe(204);
    await socket.until(({ binary }) => binary.length > 0);
    expect(socket.binary[0]?.equals(sent)).toBe(true);
  });

  test("refuses another attempt, what is no frame, and what is too large", async () => {
    expect((await send("previews", frame(100), { attempt: 99 })).status).toBe(409);
    expect((await send("previews", Buffer.from("x"))).status).toBe(400);
    expect((await send("previews", frame(9 * 2 ** 20))).status).toBe(413);
  });
});
