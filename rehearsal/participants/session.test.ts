import fastify, { type FastifyInstance } from "fastify";
import { afterEach, beforeEach, expect, it } from "vitest";
import { z } from "zod";
import { RefusedError, Session } from "./session.ts";

let server: FastifyInstance;
let base: string;
/** What the next `POST api/prompt` are answered, in turn. */
let answers: { status: number; headers?: Record<string, string>; body?: unknown }[];
let seen: { cookie?: string | undefined; origin?: string | undefined }[];

const stop = new AbortController();
const answer = z.object({ prompt_id: z.string() });

beforeEach(async () => {
  answers = [];
  seen = [];
  server = fastify();
  server.get("/user001/", async (request, reply) => {
    const { token } = request.query as { token?: string };
    if (token === undefined) return "the editor";
    if (token !== "right") {
      const error = { type: "unauthorized", message: "Not signed in", details: "Open your link." };
      return reply.code(401).send({ error });
    }
    reply.header("set-cookie", "comfymulti_user001=right; Path=/user001/; HttpOnly");
    return reply.redirect("/user001/", 303);
  });
  server.post("/user001/api/prompt", async (request, reply) => {
    seen.push({ cookie: request.headers.cookie, origin: request.headers.origin });
    const next = answers.shift() ?? { status: 200, body: { prompt_id: "it" } };
    return reply
      .code(next.status)
      .headers(next.headers ?? {})
      .send(next.body);
  });
  base = await server.listen({ port: 0, host: "127.0.0.1" });
});
afterEach(() => server.close());

const open = (token = "right", patienceMs = 60_000) =>
  Session.open({
    link: { id: "user001", link: `${base}/user001/?token=${token}` },
    patienceMs,
    signal: stop.signal,
  });

it("signs in by the link and goes on with its cookie, as a page of the platform", async () => {
  const session = await open();
  await session.post("api/prompt", {}, answer);
  expect(seen).toEqual([{ cookie: "comfymulti_user001=right", origin: base }]);
});

it("comes again when it is told to, and counts how often it was", async () => {
  answers = [
    { status: 429, headers: { "retry-after": "1" } },
    { status: 503, headers: { "retry-after": "0" } },
  ];
  const session = await open();
  let refusals = 0;
  const got = await session.post("api/prompt", {}, answer, () => refusals++);
  expect(got).toEqual({ prompt_id: "it" });
  expect(refusals).toBe(2);
});

it("asks a server again that is away for a moment", async () => {
  const session = await open();
  const { port } = new URL(base);
  await server.close();
  const asked = session.post("api/prompt", {}, answer);
  server = fastify();
  server.post("/user001/api/prompt", () => ({ prompt_id: "back" }));
  await server.listen({ port: Number(port), host: "127.0.0.1" });
  expect(await asked).toEqual({ prompt_id: "back" });
});

it("takes a refusal without a time to come again as the last word", async () => {
  const error = { type: "queue_closed", message: "The workshop has ended", details: "Save it." };
  answers = [{ status: 503, body: { error } }];
  const session = await open();
  await expect(session.post("api/prompt", {}, answer)).rejects.toThrow(
    "user001 (/user001/api/prompt): The workshop has ended: Save it. (HTTP 503)",
  );
  expect(seen).toHaveLength(1);
});

it("gives up at the end of its patience, with the last reason", async () => {
  answers = Array.from({ length: 100 }, () => ({ status: 502, body: "bad gateway" }));
  const session = await open("right", 1000);
  await expect(session.post("api/prompt", {}, answer)).rejects.toThrow(
    /no success within 1 s: bad gateway/,
  );
});

it("does not tell the token of a link that is refused", async () => {
  const error: unknown = await open("wrong").catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(RefusedError);
  expect(String(error)).toContain("Not signed in: Open your link.");
  expect(String(error)).not.toContain("wrong");
});

it("says so when the answer is not ComfyUI's", async () => {
  answers = [{ status: 200, body: { hello: "you" } }];
  const session = await open();
  await expect(session.post("api/prompt", {}, answer)).rejects.toThrow("not ComfyUI's");
});
