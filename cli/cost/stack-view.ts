/** A stack as cost and doctor look at it: what its state holds, its output, and its account at Verda. */
import type { EngineEvent, Stack } from "@pulumi/pulumi/automation/index.js";
import {
  VerdaClient,
  verdaSettings,
  type Scope,
  type VerdaSettings,
} from "../../components/verda/index.ts";
import { platformSchema, type Platform } from "../../stacks/outputs.ts";
import { findStack, openStack } from "../engine/stack.ts";
import { runOperation } from "../run-operation.ts";
import { readStackFile } from "../stack-settings.ts";
import {
  resourcesOfPreview,
  resourcesOfState,
  type PlannedResources,
  type StackResource,
} from "./resources.ts";

/** Prices are a convenience: nobody waits long for them. */
const TRANSPORT = { timeoutMilliseconds: 15_000, retries: 2 } as const;

export interface StackView {
  readonly scope: Scope;
  /** Undefined when the engine knows no such stack. */
  readonly stack: Stack | undefined;
  readonly resources: readonly StackResource[];
  /** Undefined when it is not up. */
  readonly platform: Platform | undefined;
  readonly verda: VerdaSettings;
}

/** @throws VisibleError when the state can't be read */
export async function viewStack(stackName: string): Promise<StackView> {
  const view: { value?: StackView } = {};
  await runOperation(async () => {
    const stack = await findStack(stackName);
    const project = (await stack?.workspace.projectSettings())?.name ?? "comfymulti";
    const { deployment } = (await stack?.exportStack()) ?? {};
    const output = (await stack?.outputs())?.["platform"]?.value as unknown;
    view.value = {
      scope: { project, stack: stackName },
      stack,
      resources: resourcesOfState(deployment),
      platform: platformSchema.safeParse(output).data,
      verda: stack ? await verdaOfStack(stack) : verdaOfFile(stackName),
    };
  });
  if (!view.value) throw new Error("the engine did not answer");
  return view.value;
}

export const hasCredentials = ({ clientId, clientSecret }: VerdaSettings): boolean =>
  clientId !== undefined && clientSecret !== undefined;

export const verdaClient = (settings: VerdaSettings): VerdaClient =>
  new VerdaClient(settings, TRANSPORT);

/** With what is encrypted in its settings. */
export async function verdaOfStack(stack: Stack): Promise<VerdaSettings> {
  const config = Object.entries(await stack.getAllConfig());
  return verdaOf(Object.fromEntries(config.map(([key, { value }]) => [key, value])));
}

/** Without what is encrypted in the file: enough for price lists, which anybody may read. */
export const verdaOfFile = (stackName: string): VerdaSettings =>
  verdaOf(
    Object.fromEntries(
      Object.entries(readStackFile(stackName).config ?? {}).filter(
        ([, value]) => typeof value === "string",
      ),
    ),
  );

function verdaOf(config: Readonly<Record<string, unknown>>): VerdaSettings {
  const names = ["clientId", "clientSecret", "baseUrl"] as const;
  return verdaSettings(
    process.env,
    Object.fromEntries(names.map((name) => [name, config[`verda:${name}`]])),
  );
}

/** What an update would leave, by a preview that shows nothing else. */
export async function previewResources(stackName: string): Promise<PlannedResources> {
  const events: EngineEvent[] = [];
  await runOperation(async ({ signal }) => {
    const stack = await openStack(stackName);
    await stack.preview({ signal, refresh: true, onEvent: (event) => void events.push(event) });
  });
  return resourcesOfPreview(events);
}
