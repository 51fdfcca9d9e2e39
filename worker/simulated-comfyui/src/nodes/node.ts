/** What a node of the simulator is: a function from inputs to outputs, and what it may use. */
import type { NodeDefinition } from "@comfymulti/workflows";
import type { NodeResult } from "../execution/cache.ts";
import type { SimulatedGpu } from "../execution/gpu.ts";
import type { Graph } from "../execution/graph.ts";
import type { Folders } from "../folders.ts";
import type { NodeInputs } from "./node-inputs.ts";

/** What a node may use besides its inputs. */
export interface NodeContext {
  readonly nodeId: string;
  readonly graph: Graph;
  /** `extra_data.extra_pnginfo`, written into saved pictures. */
  readonly extraPngInfo: Readonly<Record<string, unknown>>;
  readonly folders: Folders;
  readonly gpu: SimulatedGpu;
  /** Sends `progress_state`, `progress` and a JPEG preview. Throws when the prompt is interrupted. */
  progress(value: number, max: number, preview?: Buffer): void;
  /** Sends a text that the editor shows on the node, to every socket. */
  text(text: string): void;
  /** Ends the server as a killed process ends: connections drop, nothing is said. */
  crash(): void;
}

export type NodeRun = (inputs: NodeInputs, context: NodeContext) => Promise<NodeResult>;

/** Node types that the simulator can run, by `class_type`. */
export type NodeRuns = Readonly<Record<string, NodeRun>>;

/** A node type that ComfyUI does not have: its definition is added to object_info. */
export interface OwnNode {
  readonly definition: NodeDefinition;
  readonly run: NodeRun;
}

/** A failure that ComfyUI would report by the name of a Python exception. */
export class NodeFailure extends Error {
  readonly pythonType: string;
  constructor(pythonType: string, message: string) {
    super(message);
    this.pythonType = pythonType;
  }
}

/** One output, nothing to show. */
export const gives = (...outputs: unknown[]): Promise<NodeResult> => Promise.resolve({ outputs });
