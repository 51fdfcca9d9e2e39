/**
 * What `diffObjectInfo`, `migratePrompt` and `validatePrompt` say of two versions of ComfyUI's nodes,
 * against a run through a simulated ComfyUI that has the newer ones: 200 random changes to captured
 * definitions, and for each a prompt around the node that changed. The simulated ComfyUI judges by
 * `validatePrompt` as well, so an oracle of its own gives a second opinion on each verdict.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createSimulatedComfyui } from "@comfymulti/simulated-comfyui";
import {
  diffObjectInfo,
  loadObjectInfo,
  migratePrompt,
  renames,
  templates,
  withModels,
  type ObjectInfo,
  type Prompt,
} from "@comfymulti/workflows";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mutateObjectInfo, type Mutated } from "../workflows/compat/diff/mutate.fixture.ts";
import { acceptsAll, type Definitions } from "./compatibility-proof/oracle.ts";
import { PromptMaker, type PromptShape } from "./compatibility-proof/prompt-around.ts";

const RUNS = 200;
/** The same every time; another one with SEED=…, to look further. */
const seed = Number(process.env["SEED"] ?? 20_261_123);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "comfymulti-proof-"));
  // The one upload that the captures list; ComfyUI looks for the file.
  mkdirSync(path.join(folder, "input"));
  writeFileSync(path.join(folder, "input", "example.png"), "");
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** With the templates' model files, as on a worker; the maker of prompts chooses from them too. */
const models = templates.flatMap((template) => template.models.map(({ name }) => name));
const original: ObjectInfo = withModels(loadObjectInfo("0.11.1"), models);
const maker = new PromptMaker(original);
const ofTemplates = new Set(
  templates.flatMap(({ api }) => Object.values(api).map((node) => node.class_type)),
);

interface Answer {
  readonly node_errors?: Record<string, unknown>;
}

/** Whether a ComfyUI with these nodes takes each prompt, all of its outputs included. */
async function served(objectInfo: ObjectInfo, prompts: readonly Prompt[]): Promise<boolean[]> {
  const comfyui = await createSimulatedComfyui({
    dataDirectory: folder,
    objectInfo,
    speed: 10_000,
  });
  try {
    const verdicts: boolean[] = [];
    for (const prompt of prompts) {
      const response = await fetch(`${comfyui.url}/prompt`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ prompt }),
      });
      const { node_errors: errors = {} } = (await response.json()) as Answer;
      verdicts.push(response.ok && Object.keys(errors).length === 0);
    }
    return verdicts;
  } finally {
    await comfyui.close();
  }
}

/** The stored graphs that a change may matter to. */
function stored(node: string, shape: PromptShape): Prompt[] {
  const around = maker.around(node, shape);
  const using = templates
    .map(({ api }) => api)
    .filter((api) => Object.values(api).some(({ class_type: type }) => type === node));
  return [...(around ? [around] : []), ...using].filter((prompt) =>
    acceptsAll(prompt, original as Definitions),
  );
}

async function judge({ mutated, node }: Mutated, shape: PromptShape): Promise<number> {
  const saved = stored(node, shape);
  if (saved.length === 0) return 0;
  const healed = saved.map((prompt) =>
    migratePrompt(prompt, { from: original, to: mutated, renames }),
  );
  const answers = await served(mutated, [...saved, ...healed.map(({ prompt }) => prompt)]);
  for (const [index, prompt] of saved.entries()) {
    const accepted = answers[index];
    const migration = healed[index];
    if (!migration) throw new Error("there is a migration of each prompt");
    const healedAccepted = answers[saved.length + index];
    expect(acceptsAll(prompt, mutated as Definitions), "the oracle's verdict").toBe(accepted);
    expect(acceptsAll(migration.prompt, mutated as Definitions), "and on the healed").toBe(
      healedAccepted,
    );

    const { worst } = diffObjectInfo(original, mutated, { scope: "saved", saved: [prompt] });
    const told = { worst, changes: migration.changes, remaining: migration.remaining };
    const what = JSON.stringify(told);
    if (worst === undefined || worst === "harmless" || worst === "behavioural") {
      expect(accepted, `runs as it is: ${what}`).toBe(true);
    } else if (worst === "migratable") {
      expect(healedAccepted, `heals: ${what}`).toBe(true);
      if (accepted) expect(told.remaining, `is told: ${what}`).not.toEqual([]);
    } else if (accepted) {
      expect(told.remaining, `breaks in silence, and is told: ${what}`).not.toEqual([]);
    }
    if (accepted) expect(migration.changes, "what is valid is never changed").toEqual([]);
    const again = migratePrompt(migration.prompt, { from: original, to: mutated, renames });
    expect(again.changes, "migrating twice is migrating once").toEqual([]);
  }
  return saved.length;
}

test(
  `diff, migration and a run agree (${RUNS} random changes, seed ${seed})`,
  { timeout: 600_000 },
  async () => {
    let prompts = 0;
    const shape = fc.record({ full: fc.boolean(), typed: fc.boolean() });
    const mutation = fc.oneof(mutateObjectInfo(original), mutateObjectInfo(original, ofTemplates));
    await fc.assert(
      fc.asyncProperty(mutation, shape, async (change, form) => {
        prompts += await judge(change, form);
      }),
      { seed, numRuns: RUNS },
    );
    console.log(`${prompts} prompts were held against ${RUNS} changes.`);
    expect(prompts).toBeGreaterThan(RUNS);
  },
);
