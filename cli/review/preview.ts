/** Asks the engine what an upgrade would change, with the settings as it would leave them. */
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { priceOfPreview } from "../cost/price-of-preview.ts";
import { verdaClient, verdaOfStack } from "../cost/stack-view.ts";
import { engineFault } from "../engine/faults.ts";
import { openStack } from "../engine/stack.ts";
import { policyPacks } from "../policy-packs.ts";
import { readSettings, type StackFile } from "../stack-settings.ts";
import { changesOf, type ResourceChange } from "./changes.ts";

export interface PolicyVerdict {
  readonly rule: string;
  readonly level: string;
  readonly message: string;
}

export interface ReviewedPreview {
  readonly changes: readonly ResourceChange[];
  readonly policies: readonly PolicyVerdict[];
  /** A table and the difference to now, for people; empty when nothing of the stack costs. */
  readonly price: string;
  /** Why the engine could not look; undefined when it could. */
  readonly fault?: string;
}

/**
 * Never throws but when it is stopped: what can't be looked at is a sentence in the review.
 *
 * @param file As the upgrade would leave it.
 */
export async function previewWith(
  stackName: string,
  file: StackFile,
  signal: AbortSignal,
): Promise<ReviewedPreview> {
  const events: EngineEvent[] = [];
  const errors: string[] = [];
  const onEvent = (event: EngineEvent) => {
    events.push(event);
    if (event.diagnosticEvent?.severity === "error") {
      errors.push(plain(event.diagnosticEvent.message));
    }
  };
  let price = "";
  let fault: string | undefined;
  try {
    const stack = await openStack(stackName, file);
    await stack.preview({ signal, onEvent, refresh: true, policyPacks: policyPacks() });
    price = await priceOfPreview(events, {
      settings: readSettings(stackName, file),
      client: verdaClient(await verdaOfStack(stack)),
    });
  } catch (error) {
    signal.throwIfAborted();
    // A policy that says no ends the preview, too, and is told by itself.
    if (!events.some(({ policyEvent }) => policyEvent?.enforcementLevel === "mandatory")) {
      const told = engineFault(error, errors);
      fault = told instanceof Error ? told.message : String(told);
    }
  }
  return {
    changes: changesOf(events),
    policies: policiesOf(events),
    price,
    ...(fault !== undefined && { fault }),
  };
}

/** About what is only known at the update, which then judges it. */
const NOT_YET = /can't run policy .* during preview/;

/** Each once, however many resources it is about. */
function policiesOf(events: readonly EngineEvent[]): PolicyVerdict[] {
  const told = events.flatMap(({ policyEvent }) =>
    policyEvent && !NOT_YET.test(policyEvent.message)
      ? [
          {
            rule: policyEvent.policyName,
            level: policyEvent.enforcementLevel,
            message: lastSentence(plain(policyEvent.message)),
          },
        ]
      : [],
  );
  return [...new Map(told.map((verdict) => [JSON.stringify(verdict), verdict])).values()];
}

/** The engine puts the rule's description first. */
const lastSentence = (message: string) => message.split("\n").at(-1)?.trim() ?? message;

/** Without the engine's colour marks (`<{%fg 1%}>`). */
const plain = (message: string) => message.replaceAll(/<\{%[^%]*%\}>/g, "").trim();
