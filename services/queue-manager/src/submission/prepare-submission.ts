/**
 * From the bytes of a `POST prompt` to a job: decoded, checked as ComfyUI checks, estimated, packed.
 * Pure work on one processor; who calls it, here or in a thread, is the business of `submissions.ts`.
 */
import { jobIdSchema, packPayload, type NewJob, type PackedPayload } from "@comfymulti/queue";
import { estimateCost, type NodeErrors, type ObjectInfo } from "@comfymulti/workflows";
import { z } from "zod";
import { storableExtraData, workflowIdOf } from "../comfyui/extra-data.ts";
import { parseBody, parseJson } from "../comfyui/parse-json.ts";
import { errors, GatewayError } from "../errors.ts";
import { GRAPH_NODES, REFUSAL } from "../limits.ts";
import { judgeGraph } from "./judge-graph.ts";
import { missingModels } from "./missing-models.ts";

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

/** A graph that names more models says nothing about where it should run. */
const MOST_MODELS = 64;

/** A job as it can be queued, but for whose it is, and an id where the client chose none. */
export interface Submission {
  readonly job: Omit<NewJob, "id" | "user" | "payload"> & { readonly payload: PackedPayload };
  /** Undefined when the client left the choice to us. */
  readonly id: string | undefined;
  /** Complaints about outputs that will not run; the others will. */
  readonly nodeErrors: NodeErrors;
  /** What was changed in the graph so that the workers accept it, a sentence each. */
  readonly migration: readonly string[];
}

export interface Judging {
  /** Whether the user has uploaded a file of this name. */
  readonly inputFileExists: (filename: string) => boolean;
  /** Whether a graph that is refused is healed where it can be. */
  readonly migrate: boolean;
}

/** @throws GatewayError for everything that is wrong with the body or the graph. */
export async function prepareSubmission(
  bytes: Uint8Array,
  objectInfo: ObjectInfo,
  judging: Judging,
): Promise<Submission> {
  const text = new TextDecoder().decode(bytes);
  const body = parseBody(bodySchema, parseJson(text));
  if (body.prompt === undefined || body.prompt === null) throw errors.noPrompt();
  const graph = parseGraph(body.prompt);

  const { prompt, verdict, migration } = judgeGraph(graph, objectInfo, {
    ...judging,
    ...(body.partial_execution_targets && {
      partialExecutionTargets: body.partial_execution_targets,
    }),
  });
  if (!verdict.ok) {
    const { type, message, details, extra_info: extraInfo } = verdict.error;
    throw new GatewayError(400, type, message, {
      details: (missingModels(verdict.nodeErrors) ?? details).slice(0, REFUSAL.details),
      extraInfo,
      nodeErrors: firstOf(verdict.nodeErrors),
    });
  }

  const extraData = storableExtraData(body.extra_data ?? {});
  const workflowId = workflowIdOf(extraData);
  const cost = estimateCost(prompt, objectInfo);
  return {
    id: body.prompt_id ? body.prompt_id : undefined,
    nodeErrors: firstOf(verdict.nodeErrors),
    migration,
    job: {
      clientId: body.client_id ?? "",
      payload: await packPayload({ prompt, extraData, outputsToExecute: verdict.outputs }),
      costSeconds: cost.seconds,
      vramMiB: cost.vramMiB,
      models: cost.models.filter((name) => name.length <= 256).slice(0, MOST_MODELS),
      front: body.front === true || (body.number ?? 0) < 0,
      ...(workflowId === undefined ? {} : { workflowId }),
    },
  };
}

const firstOf = (nodeErrors: NodeErrors): NodeErrors =>
  Object.fromEntries(Object.entries(nodeErrors).slice(0, REFUSAL.nodes));

/** The graph, if it has the form of one. ComfyUI itself answers 500 for these mistakes. */
function parseGraph(prompt: unknown): Record<string, unknown> {
  if (typeof prompt === "object" && prompt !== null && "nodes" in prompt && "links" in prompt) {
    throw errors.invalidPrompt(
      "This is a workflow in the editor's format. Send the API format: Workflow → Export (API).",
    );
  }
  if (Object.keys(prompt ?? {}).length > GRAPH_NODES) {
    throw errors.invalidPrompt(`The graph has more than ${GRAPH_NODES} nodes.`);
  }
  const parsed = graphSchema.safeParse(prompt);
  if (!parsed.success) {
    throw errors.invalidPrompt(
      "Send an object of node id → {class_type, inputs}, as Workflow → Export (API) writes it.",
    );
  }
  return parsed.data;
}
