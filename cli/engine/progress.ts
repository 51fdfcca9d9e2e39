/** Prints what the engine does, one line a resource, as it happens; gathers its error messages. */
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import pc from "picocolors";

/** What an operation is called once it is done and while it is only planned. */
const words: Readonly<Record<string, { sign: string; past: string; preview: string }>> = {
  create: { sign: pc.green("+"), past: "created", preview: "to create" },
  "create-replacement": { sign: pc.green("+"), past: "created anew", preview: "to create anew" },
  update: { sign: pc.yellow("~"), past: "updated", preview: "to update" },
  delete: { sign: pc.red("-"), past: "deleted", preview: "to delete" },
  "delete-replaced": { sign: pc.red("-"), past: "old one deleted", preview: "old one to delete" },
};

/** The engine remarks on plugins that it finds on PATH; ours is meant to be there. */
const EXPECTED = /^using pulumi-analyzer-policy-nodejs from \$PATH/;

/** Silence longer than this gets a line, ms. */
const PATIENCE_MS = 10_000;

export class EngineProgress {
  readonly #tense: "past" | "preview";
  /** The engine's error messages, without its decoration. */
  readonly errors: string[] = [];
  #changes = 0;
  readonly #started = new Map<string, number>();
  readonly #heartbeat = setInterval(() => this.#sayWhatTakesLong(), PATIENCE_MS);

  constructor(tense: "past" | "preview") {
    this.#tense = tense;
  }

  /** Resources that were created, updated, replaced or deleted. */
  get changes(): number {
    return this.#changes;
  }

  readonly onEvent = (event: EngineEvent): void => {
    if (event.resourcePreEvent) {
      const { urn, op } = event.resourcePreEvent.metadata;
      if (words[op]) this.#started.set(urn, Date.now());
    }
    if (event.resOutputsEvent) this.#resourceDone(event.resOutputsEvent.metadata);
    if (event.resOpFailedEvent) {
      const { urn } = event.resOpFailedEvent.metadata;
      this.#started.delete(urn);
      console.log(`  ${pc.red("✗")} ${nameOf(urn)}`);
    }
    if (event.diagnosticEvent) this.#diagnostic(event.diagnosticEvent);
    if (event.policyEvent) {
      const { policyName, enforcementLevel, message } = event.policyEvent;
      const text = `${policyName} (${enforcementLevel}): ${plain(message)}`;
      if (enforcementLevel === "mandatory") this.errors.push(text);
      else console.log(`  ${pc.yellow("!")} ${text}`);
    }
  };

  /** Stops the timer. */
  end(): void {
    clearInterval(this.#heartbeat);
  }

  #resourceDone({ urn, op, type }: { urn: string; op: string; type: string }): void {
    const word = words[op];
    if (!word || type === "pulumi:pulumi:Stack") return;
    this.#changes++;
    const start = this.#started.get(urn);
    this.#started.delete(urn);
    const took =
      start && this.#tense === "past" ? ` (${((Date.now() - start) / 1000).toFixed(1)} s)` : "";
    const kind = type.split(":").at(-1) ?? type;
    console.log(`  ${word.sign} ${nameOf(urn).padEnd(24)} ${kind} ${word[this.#tense]}${took}`);
  }

  #diagnostic({
    severity,
    message,
    urn,
  }: {
    severity: string;
    message: string;
    urn?: string;
  }): void {
    const text = plain(message);
    if (!text || EXPECTED.test(text)) return;
    const owner = urn ? `${nameOf(urn)}: ` : "";
    if (severity === "error") this.errors.push(owner + text);
    else if (severity === "warning") console.log(`  ${pc.yellow("!")} ${owner}${text}`);
    else if (severity === "info") console.log(`  · ${owner}${text}`);
  }

  #sayWhatTakesLong(): void {
    for (const [urn, start] of this.#started) {
      const seconds = Math.round((Date.now() - start) / 1000);
      if (seconds * 1000 >= PATIENCE_MS)
        console.log(`  · ${nameOf(urn)}: still at it (${seconds} s)`);
    }
  }
}

const nameOf = (urn: string): string => urn.split("::").at(-1) ?? urn;

/** Without the engine's colour marks (`<{%fg 1%}>`) and terminal codes. */
function plain(message: string): string {
  return message
    .replaceAll(/<\{%[^%]*%\}>/g, "")
    .replaceAll(/\p{Cc}\[[0-9;]*m/gu, "")
    .trim();
}
