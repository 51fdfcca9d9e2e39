/** `POST prompt`: check as ComfyUI checks, estimate, queue. `GET prompt`: how much is left. */
import { randomUUID } from "node:crypto";
import { jobIdSchema } from "@comfymulti/queue";
import { estimateCost, validatePrompt } from "@comfymulti/workflows";
import { z } from "zod";
import { storableExtraData, workflowIdOf } from "../../comfyui/extra-data.ts";
import { parseBody } from "../../comfyui/parse-json.ts";
import { errors, GatewayError } from "../../errors.ts";
import type { Route } from "../../gateway.ts";
import { PROMPT_BODY_BYTES } from "../../limits.ts";
import { uploadedFileExists } from "../../object-info/upload-inputs.ts";

const bodySchema = z.object({
  prompt: z.unknown().optional(),
  prompt_id: z.union([jobIdSchema, z.literal("")]).nullish(),
  client_id: z.string().max(128).nullish(),
  /** ComfyUI's queue number: a negative one asks for the front; the rest is the queue's to give. */
  number: z.coerce.number().nullish(),
  front: z.boolean().nullish(),
  extra_data: z.record(z.string(), z.unknown()).nullish(),
  partial_execution_targets: z.array(z.string()).max(10_000).nullish(),
});

const graphSchema = z.record(
  z.string().max(256),
  z.looseObject({ inputs: z.record(z.string(), z.unknown()).optional() }),
);

export const promptRoutes: Route = (app, { queue, objectInfo, files }) => {
  app.get("/prompt", async (request) => {
    const { pending, running } = await queue.counts(request.user.id);
    return { exec_info: { queue_remaining: pending + running } };
  });

  app.post(
    "/prompt",
    {
      bodyLimit: PROMPT_BODY_BYTES,
      onError: (_request, _reply, error, done) => {
        const type = error instanceof GatewayError ? error.type : error.name;
        app.metrics.refusals.inc({ type });
        done();
      },
    },
    async (request) => {
      const user = request.user.id;
      const body = parseBody(bodySchema, request.body);
      if (body.prompt === undefined || body.prompt === null) throw errors.noPrompt();
      const graph = parseGraph(body.prompt);

      const known = await objectInfo.current();
      const verdict = validatePrompt(graph, known.objectInfo, {
        inputFileExists: (value) => uploadedFileExists(value, files, user),
        ...(body.partial_execution_targets && {
          partialExecutionTargets: body.partial_execution_targets,
        }),
      });
      if (!verdict.ok) {
        const { type, message, details, extra_info: extraInfo } = verdict.error;
        throw new GatewayError(400, type, message, {
          details,
          extraInfo,
          nodeErrors: verdict.nodeErrors,
        });
      }

      const extraData = storableExtraData(body.extra_data ?? {});
      const workflowId = workflowIdOf(extraData);
      const cost = estimateCost(graph, known.objectInfo);
      const { job } = await queue.enqueue({
        id: body.prompt_id ? body.prompt_id : randomUUID(),
        user,
        clientId: body.client_id ?? "",
        payload: { prompt: graph, extraData, outputsToExecute: verdict.outputs },
        costSeconds: cost.seconds,
        vramMiB: cost.vramMiB,
        front: body.front === true || (body.number ?? 0) < 0,
        ...(workflowId === undefined ? {} : { workflowId }),
      });
      app.metrics.submits.inc();
      return { prompt_id: job.id, number: job.number, node_errors: verdict.nodeErrors };
    },
  );
};

/** The graph, if it has the form of one. ComfyUI itself answers 500 for these mistakes. */
function parseGraph(prompt: unknown): Record<string, unknown> {
  if (typeof prompt === "object" && prompt !== null && "nodes" in prompt && "links" in prompt) {
    throw errors.invalidPrompt(
      "This is a workflow in the editor's format. Send the API format: Workflow → Export (API).",
    );
  }
  const parsed = graphSchema.safeParse(prompt);
  if (!parsed.success) {
    throw errors.invalidPrompt(
      "Send an object of node id → {class_type, inputs}, as Workflow → Export (API) writes it.",
    );
  }
  return parsed.data;
}
