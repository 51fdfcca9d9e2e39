/** What is no longer as the settings say: by a preview of an update, which looks at everything. */
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { engineFault } from "../../engine/faults.ts";
import { policyPacks } from "../../policy-packs.ts";
import { fault, fine, upCure, type Check, type Finding, type Patient } from "../check.ts";

const changes: Readonly<Record<string, string>> = {
  create: "is not there",
  update: "differs",
  replace: "has to be made anew",
  "create-replacement": "has to be made anew",
  delete: "should not be there any more",
};

export const driftCheck: Check<Patient> = {
  name: "drift",
  applies: ({ view }) => view.stack !== undefined && view.resources.length > 0,
  async look({ name, view }) {
    const events: EngineEvent[] = [];
    const onEvent = (event: EngineEvent) => void events.push(event);
    try {
      await view.stack?.preview({ refresh: true, policyPacks: policyPacks(), onEvent });
    } catch (error) {
      const findings = driftIn(events, name).filter(({ isFine }) => !isFine);
      if (findings.length > 0) return findings;
      const said = events.flatMap(({ diagnosticEvent }) =>
        diagnosticEvent?.severity === "error" ? [plain(diagnosticEvent.message)] : [],
      );
      const { message } = engineFault(error, said) as Error;
      return [fault(`A preview is not possible: ${message.trim()}`, upCure(name), "up")];
    }
    return driftIn(events, name);
  },
};

/** @param events All of one preview. */
export function driftIn(events: readonly EngineEvent[], stackName: string): Finding[] {
  const found = new Map<string, string>();
  const refused: Finding[] = [];
  for (const { resourcePreEvent, policyEvent } of events) {
    const change = changes[resourcePreEvent?.metadata.op ?? ""];
    const type = resourcePreEvent?.metadata.type ?? "";
    if (resourcePreEvent && change !== undefined && isThing(type)) {
      const name = resourcePreEvent.metadata.urn.split("::").at(-1) ?? "";
      // Of a replacement the first step says most.
      if (!found.has(name)) found.set(name, change);
    }
    if (policyEvent?.enforcementLevel === "mandatory") {
      refused.push(
        fault(
          `The rule ${policyEvent.policyName} refuses the next update: ${plain(policyEvent.message)}`,
          "Change the settings as the rule says: docs/policies.md.",
        ),
      );
    }
  }
  const drift = [...found].map(([name, change]) =>
    fault(`${name} ${change}.`, upCure(stackName), "up"),
  );
  const all = [...refused, ...drift];
  return all.length > 0 ? all : [fine("everything is as the settings say")];
}

/** Components and the stack itself are only names for what is in them. */
const isThing = (type: string): boolean =>
  type !== "pulumi:pulumi:Stack" && !type.startsWith("pulumi:providers:") && !isComponent(type);
const isComponent = (type: string): boolean => /^comfymulti:(?!index:)/.test(type);

/** Without the engine's colour marks (`<{%fg 1%}>`) and line breaks. */
const plain = (message: string): string =>
  message
    .replaceAll(/<\{%[^%]*%\}>/g, "")
    .replaceAll(/\s+/g, " ")
    .trim();
