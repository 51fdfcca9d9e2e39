/** `/prompt`, `/queue`, `/interrupt`, `/free`, `/history`. */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import type { FastifyInstance } from "fastify";
import { validatePrompt } from "@comfymulti/workflows";
import { z } from "zod";
import type { SimulatedParts } from "../app.ts";
import { graphSchema } from "../execution/graph.ts";
import { annotatedPath } from "../nodes/load-nodes.ts";
import { queueTuple } from "../execution/prompt-queue.ts";
import { ServerTrouble, isRecord, jsonBody, jsonBodyOrNothing } from "./server-errors.ts";

/** Keys of extra_data that ComfyUI keeps out of the queue and the history. */
const SENSITIVE = ["auth_token_comfy_org", "api_key_comfy_org"];

const listPage = z.object({
  max_items: z.coerce.number().int().optional(),
  offset: z.coerce.number().int().optional(),
});

export function promptRoutes(app: FastifyInstance, parts: SimulatedParts): void {
  const { queue, executor } = parts;

  app.get("/prompt", () => ({ exec_info: { queue_remaining: queue.remaining } }));

  app.post("/prompt", async (request, reply) => {
    const body = jsonBody(request);
    if (!isRecord(body)) throw new ServerTrouble("The body is not an object.");
    const number = numberOf(body, parts);
    if (!("prompt" in body)) return reply.code(400).send(noPrompt);
    const { prompt } = body;
    refuseWhatPythonStumblesOver(prompt);

    const targets = body["partial_execution_targets"];
    const verdict = validatePrompt(prompt, await parts.objectInfoNow(), {
      inputFileExists: (name) => {
        const file = annotatedPath(parts.folders, name);
        return file !== undefined && existsSync(file);
      },
      ...(Array.isArray(targets) ? { partialExecutionTargets: targets.map(String) } : {}),
    });
    if (!verdict.ok) {
      return reply.code(400).send({ error: verdict.error, node_errors: verdict.nodeErrors });
    }
    const promptId = "prompt_id" in body ? String(body["prompt_id"]) : randomUUID();
    queue.put({
      number,
      promptId,
      prompt: graphSchema.parse(prompt),
      extraData: extraData(body),
      outputs: verdict.outputs,
    });
    return { prompt_id: promptId, number, node_errors: verdict.nodeErrors };
  });

  app.get("/queue", () => ({
    queue_running: queue.running ? [queueTuple(queue.running)] : [],
    queue_pending: queue.pending.map(queueTuple),
  }));

  app.post("/queue", async (request, reply) => {
    const body = jsonBody(request);
    if (isRecord(body) && body["clear"] === true) queue.clear();
    for (const id of idsToDelete(body)) queue.delete(id);
    return reply.send();
  });

  app.post("/interrupt", async (request, reply) => {
    const body = jsonBodyOrNothing(request);
    const only = isRecord(body) ? body["prompt_id"] : undefined;
    if (!only || queue.running?.promptId === only) executor.interrupt();
    return reply.send();
  });

  app.post("/free", async (request, reply) => {
    const body = jsonBody(request);
    const asked = isRecord(body) ? body : {};
    executor.free(asked["unload_models"] === true, asked["free_memory"] === true);
    return reply.send();
  });

  app.get("/history", (request) => {
    const { max_items: most, offset = -1 } = listPage.parse(request.query);
    const entries = [...queue.history];
    // ComfyUI gives the newest ones, oldest first, unless an offset is asked for.
    const from = offset < 0 ? Math.max(0, most === undefined ? 0 : entries.length - most) : offset;
    const page = entries.slice(from, most === undefined ? undefined : from + most);
    return Object.fromEntries(page);
  });

  app.get<{ Params: { promptId: string } }>("/history/:promptId", ({ params: { promptId } }) => {
    const entry = queue.history.get(promptId);
    return entry ? { [promptId]: entry } : {};
  });

  app.post("/history", async (request, reply) => {
    const body = jsonBody(request);
    if (isRecord(body) && body["clear"] === true) queue.clearHistory();
    for (const id of idsToDelete(body)) queue.deleteHistory(id);
    return reply.send();
  });
}

const noPrompt = {
  error: {
    type: "no_prompt",
    message: "No prompt provided",
    details: "No prompt provided",
    extra_info: {},
  },
  node_errors: {},
};

/** The queue number: asked for, or the next one, which a refused prompt uses up as well. */
function numberOf(body: Readonly<Record<string, unknown>>, { numbers }: SimulatedParts): number {
  if (!("number" in body)) {
    const next = numbers.next();
    return body["front"] === true ? -next : next;
  }
  const number = Number(body["number"]);
  if (!Number.isFinite(number)) throw new ServerTrouble("The number is none.");
  return number;
}

/**
 * ComfyUI looks at the nodes one after the other: one without `class_type` is refused in words, one
 * that is no object (a saved workflow posted by mistake) is an unhandled exception.
 */
function refuseWhatPythonStumblesOver(prompt: unknown): void {
  if (!isRecord(prompt)) throw new ServerTrouble("The prompt is not an object.");
  for (const node of Object.values(prompt)) {
    if (isRecord(node)) {
      if (!("class_type" in node)) return;
      if (!isRecord(node["inputs"])) throw new ServerTrouble("A node has no inputs.");
    } else if (typeof node === "string" || Array.isArray(node)) {
      return;
    } else {
      throw new ServerTrouble("A node is not an object.");
    }
  }
}

function extraData(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const given = isRecord(body["extra_data"]) ? body["extra_data"] : {};
  const kept = Object.entries(given).filter(([key]) => !SENSITIVE.includes(key));
  return {
    ...Object.fromEntries(kept),
    ...("client_id" in body ? { client_id: body["client_id"] } : {}),
    create_time: Date.now(),
  };
}

function idsToDelete(body: unknown): string[] {
  const ids = isRecord(body) ? body["delete"] : undefined;
  return Array.isArray(ids) ? ids.filter((id) => typeof id === "string") : [];
}
