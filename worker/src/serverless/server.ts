/**
 * The replica's HTTP side, behind the provider's proxy, which has checked the inference key:
 * `GET /health`, `GET /facts`, and `POST /jobs`, whose answer is a line of JSON an event.
 */
import { PassThrough } from "node:stream";
import { REMOTE_JOB_BYTES, REMOTE_SIGN_OF_LIFE_MS, remoteJobSchema } from "@comfymulti/queue";
import type { RemoteJobEvent } from "@comfymulti/queue";
import fastify from "fastify";
import type { FastifyError, FastifyInstance, FastifyReply } from "fastify";
import type { Replica } from "./replica.ts";

/** Seconds after which a refused job may be tried here again. */
const RETRY_SECONDS = 5;

export function buildServer(replica: Replica, queueManagerUrl: string): FastifyInstance {
  const app = fastify({ bodyLimit: REMOTE_JOB_BYTES, forceCloseConnections: true });

  app.setErrorHandler(async (error: FastifyError, _request, reply) => {
    const status = error.statusCode ?? 500;
    const message = status < 500 ? error.message : "The replica failed.";
    return reply.code(status).send({ error: message });
  });

  app.get("/health", async (_request, reply) => {
    const health = await replica.health();
    const well = health.status === "idle" || health.status === "running";
    return reply
      .code(well ? 200 : 503)
      .header("cache-control", "no-store")
      .send(health);
  });

  app.get("/facts", async (_request, reply) => {
    const facts = replica.facts();
    return facts ? reply.send(facts) : notNow(reply, 503, "ComfyUI does not answer yet.");
  });

  app.post("/jobs", async (request, reply) => {
    const body = remoteJobSchema.safeParse(request.body);
    if (!body.success) {
      const [issue] = body.error.issues;
      const where = issue?.path.map(String).join(".") ?? "";
      return reply.code(400).send({ error: `${where}: ${issue?.message ?? "not valid"}` });
    }
    if (new URL(body.data.queueManagerUrl).href !== new URL(queueManagerUrl).href) {
      return reply.code(400).send({
        error:
          "The job names another queue manager than this replica serves. Set QUEUE_MANAGER_URL of the deployment and the dispatcher's QUEUE_MANAGER_URL to the same address.",
      });
    }
    const facts = replica.facts();
    if (!facts || !replica.ready) return notNow(reply, 503, "The replica takes no jobs now.");
    if (replica.busy) return notNow(reply, 429, "The replica runs another job.");

    const closed = new AbortController();
    reply.raw.once("close", () => {
      if (!reply.raw.writableFinished) closed.abort();
    });
    const lines = new PassThrough();
    const say = (event: RemoteJobEvent) => lines.write(`${JSON.stringify(event)}\n`);
    say({ kind: "started", info: facts.info });
    const alive = setInterval(() => say({ kind: "running" }), REMOTE_SIGN_OF_LIFE_MS);
    void replica.run(body.data, closed.signal).then((event) => {
      clearInterval(alive);
      say(event);
      lines.end();
    });
    return reply
      .type("application/x-ndjson")
      .headers({ "cache-control": "no-store", "x-accel-buffering": "no" })
      .send(lines);
  });

  return app;
}

const notNow = (reply: FastifyReply, status: 429 | 503, error: string): FastifyReply =>
  reply.code(status).header("retry-after", String(RETRY_SECONDS)).send({ error });
