/**
 * The life of a stack, step by step. Each says what it changes of the settings, what it runs, and what
 * must be true of what the engine did; `life.ts` runs them.
 */
import type { StackFile } from "../stack-settings.ts";

/** How many resources, by what happened to them in the engine's words. */
export type Changes = Readonly<Record<string, number>>;

export interface Step {
  readonly name: string;
  readonly operation: "preview" | "up" | "destroy";
  /** Settings of this step alone. Default: the stack's own. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** A container that is taken away by hand before it. */
  readonly lost?: string;
  /** A worker whose spot machine Verda takes back before it. */
  readonly evicted?: string;
  /** One sentence when what it did is not what it should have done. */
  readonly judge: (changes: Changes) => string | undefined;
}

const CHANGING = ["create", "update", "replace", "delete"];
export const changesIn = (changes: Changes): number =>
  CHANGING.reduce((sum, operation) => sum + (changes[operation] ?? 0), 0);

const nothing = (changes: Changes) =>
  changesIn(changes) === 0 ? undefined : `it changed ${changesIn(changes)} resources, not none`;
const something = (changes: Changes) => (changesIn(changes) > 0 ? undefined : "it changed nothing");
const atMost = (most: number) => (changes: Changes) =>
  something(changes) ??
  (changesIn(changes) <= most
    ? undefined
    : `it changed ${changesIn(changes)} resources, not at most ${most}: others were touched`);

/** An older version that the stack has images of, and the one of its settings. */
export interface Versions {
  readonly older: string | undefined;
  readonly newer: string;
}

export interface Rehearsed {
  readonly users: number;
  readonly workers: number;
  /** Whether the workers' machines may be taken back. */
  readonly spot: boolean;
  readonly frontend: Versions;
  readonly worker: Versions;
}

/**
 * From the older versions up to those of the settings, in the order in which an upgrade goes: one
 * participant's editor, all editors and one worker, all workers.
 */
export function stepsOf(
  file: StackFile,
  { users, workers, spot, frontend, worker }: Rehearsed,
): Step[] {
  const last = `user${String(users).padStart(3, "0")}`;
  const everybody = {
    ...(frontend.older !== undefined && { "comfymulti:frontendVersion": frontend.older }),
    ...(worker.older !== undefined && { "comfymulti:workerVersion": worker.older }),
  };
  const changed = (name: string, value: object) => ({
    [`comfymulti:${name}`]: { ...objectOf(file.config?.[`comfymulti:${name}`]), ...value },
  });
  const canaries: Step[] = [
    ...(frontend.older === undefined
      ? []
      : [
          {
            name: `${last}'s editor to ${frontend.newer}`,
            operation: "up" as const,
            settings: {
              ...everybody,
              ...changed("frontends", { [last]: { version: frontend.newer } }),
            },
            // The editor of that version, a component and a container; two queue managers that lead
            // there; the declaration, and Prometheus, which watches the new editor.
            judge: atMost(6),
          },
        ]),
    ...(worker.older === undefined
      ? []
      : [
          {
            name: `all editors, worker-1 to ${worker.newer}`,
            operation: "up" as const,
            settings: {
              ...everybody,
              "comfymulti:frontendVersion": frontend.newer,
              ...changed("workerVersions", { "worker-1": worker.newer }),
            },
            // nginx's files of the editor, too; of the worker its images, models, container, drain.
            judge: atMost(12),
          },
        ]),
  ];
  return [
    { name: "preview", operation: "preview", settings: everybody, judge: something },
    { name: "up", operation: "up", settings: everybody, judge: something },
    { name: "up again", operation: "up", settings: everybody, judge: nothing },
    ...canaries,
    ...(canaries.length === 0
      ? []
      : [
          {
            name: "all as the settings say",
            operation: "up" as const,
            // A lone worker was the canary and all of them.
            judge: worker.older !== undefined && workers === 1 ? nothing : something,
          },
        ]),
    { name: "queue-manager-1 lost", operation: "up", lost: "queue-manager-1", judge: atMost(1) },
    ...(spot
      ? [
          {
            name: "worker-1's machine taken back",
            operation: "up" as const,
            evicted: "worker-1",
            judge: atMost(14),
          },
        ]
      : []),
    { name: "destroy", operation: "destroy", judge: something },
  ];
}

const objectOf = (value: unknown): object =>
  typeof value === "object" && value !== null ? value : {};
