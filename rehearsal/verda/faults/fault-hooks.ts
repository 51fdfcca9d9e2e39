/** Makes requests go wrong as the waiting faults say. */
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyInstance, FastifyReply } from "fastify";
import { apiPath } from "../api/request-path.ts";
import { Refusal, unauthorized } from "../world/refusal.ts";
import type { World } from "../world/world.ts";
import type { FaultKind, ParsedFault } from "./fault.ts";

/** Those that need no knowledge of what is asked for. */
const KINDS: readonly FaultKind[] = [
  "error-500",
  "error-503",
  "error-after-effect",
  "time-out-after-effect",
  "reset",
  "reset-after-effect",
  "slow",
  "rate-limited",
  "unauthorized",
  "bad-gateway",
];
const TIME_OUT_MS = 60_000;
const SLOW_MS = 3000;
const RETRY_AFTER_MS = 1000;

export function faultHooks(api: FastifyInstance, world: World): void {
  const faults = new WeakMap<FastifyReply, ParsedFault>();
  const ended = new AbortController();
  api.addHook("preClose", (done) => {
    ended.abort();
    done();
  });
  /** Ends early with the client's connection or the server. */
  const wait = async (reply: FastifyReply, ms: number): Promise<void> => {
    const gone = new AbortController();
    const onClose = () => gone.abort();
    reply.raw.once("close", onClose);
    await sleep(ms, undefined, { signal: AbortSignal.any([gone.signal, ended.signal]) }).catch(
      () => {},
    );
    reply.raw.off("close", onClose);
  };

  api.addHook("onRequest", async (request, reply) => {
    const fault = world.faults.take(request.method, apiPath(request), KINDS);
    if (!fault) return;
    faults.set(reply, fault);
    const at = new Date(world.clock.now()).toISOString();
    const message = `${fault.kind}: ${request.method} ${apiPath(request)}`;
    world.events.add({ at, kind: "fault", message });
    switch (fault.kind) {
      case "error-500":
        throw new Refusal(500, "server_error", "Internal server error");
      case "error-503":
        throw new Refusal(503, "service_unavailable", "Service unavailable");
      case "rate-limited": {
        reply.header("Retry-After", Math.ceil((fault.delayMs ?? RETRY_AFTER_MS) / 1000));
        throw new Refusal(429, "rate_limit_exceeded", "Rate limit exceeded");
      }
      case "unauthorized":
        throw unauthorized("Unauthorized");
      case "bad-gateway":
        return reply.code(502).type("text/html").send("<h1>502 Bad Gateway</h1>");
      case "slow":
        return wait(reply, fault.delayMs ?? SLOW_MS);
      case "reset":
        reply.hijack();
        request.raw.destroy();
        return;
      default:
    }
  });

  api.addHook("onSend", async (_request, reply, payload) => {
    const fault = faults.get(reply);
    switch (fault?.kind) {
      case "error-after-effect":
        reply.code(500).type("application/json");
        return JSON.stringify({ code: "server_error", message: "Internal server error" });
      case "time-out-after-effect":
        await wait(reply, fault.delayMs ?? TIME_OUT_MS);
        reply.raw.destroy();
        return payload;
      case "reset-after-effect":
        reply.raw.destroy();
        return payload;
      default:
        return payload;
    }
  });
}
