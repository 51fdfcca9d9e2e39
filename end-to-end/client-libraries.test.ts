/**
 * Proves that client libraries which know nothing of this project work unchanged against a
 * participant's address: two participants at once, each with the library's own high-level calls,
 * against a whole stack. How to sign in with each: client-libraries/README.md.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  installNodeLibraries,
  installPythonLibraries,
  type Python,
} from "./client-libraries/install.ts";
import {
  nodeLauncher,
  pythonLaunch,
  runClient,
  type ClientRun,
  type Launch,
  type Style,
} from "./client-libraries/run-client.ts";
import { bringUp, type Participant, type StackUnderTest } from "./stack-under-test.ts";

const STYLES: readonly [Style, Style] = [
  {
    upload: { width: 48, height: 32 },
    colour: { r: 250, g: 40, b: 10 },
    painting: { width: 1024, height: 768 },
  },
  {
    upload: { width: 40, height: 56 },
    colour: { r: 20, g: 90, b: 240 },
    painting: { width: 768, height: 1024 },
  },
];

const folder = mkdtempSync(path.join(tmpdir(), "comfymulti-clients-"));
const python: Python = await installPythonLibraries();
if ("missing" in python) console.log(`The Python library is not tested: ${python.missing}.`);

let stack: StackUnderTest;
let participants: readonly [Participant, Participant];
let nodeProgram: (program: string) => Launch;

beforeAll(async () => {
  nodeProgram = nodeLauncher(await installNodeLibraries(), path.join(folder, "programs"));
  stack = await bringUp({ users: 2 });
  const [first, second] = stack.status.users;
  if (!first || !second) throw new Error("the stack has two participants");
  participants = [first, second];
});

afterAll(async () => {
  await (stack as StackUnderTest | undefined)?.down();
  rmSync(folder, { recursive: true, force: true });
});

/** Both participants at once; each may be started in a way of its own. */
function runBoth(
  name: string,
  launch: Launch,
  more: readonly [object, object] = [{}, {}],
): Promise<[ClientRun, ClientRun]> {
  const one = (index: 0 | 1) =>
    runClient(launch, participants[index], STYLES[index], path.join(folder, name, `${index}`), {
      ...more[index],
    });
  return Promise.all([one(0), one(1)]);
}

/** What holds for every library. */
async function expectOwnResults(runs: readonly [ClientRun, ClientRun]): Promise<void> {
  for (const [index, { report, picture }] of runs.entries()) {
    const { upload, colour, painting } = STYLES[index as 0 | 1];
    expect(report.comfyuiVersion).toBe("0.11.1");
    expect(report.progress).toBeGreaterThan(0);

    const negative = sharp(picture("negative.png"));
    expect(await negative.metadata()).toMatchObject({ format: "png", ...upload });
    const [r, g, b] = await negative.removeAlpha().raw().toBuffer();
    expect({ r, g, b }).toEqual({ r: 255 - colour.r, g: 255 - colour.g, b: 255 - colour.b });
    expect(await sharp(picture("painting.png")).metadata()).toMatchObject({
      format: "png",
      ...painting,
    });

    expect(report.refusal.error.type).toBe("prompt_outputs_failed_validation");
    expect(report.refusal.node_errors["2"]?.errors[0]?.type).toBe("required_input_missing");
  }
  const [mine, theirs] = runs.map(({ report }) => report.history);
  expect(mine?.filter((id) => theirs?.includes(id))).toEqual([]);
}

describe("client libraries from npm", () => {
  it("@saintno/comfyui-sdk signs in with the token, paints, is refused and interrupts", async () => {
    const runs = await runBoth("saintno", nodeProgram("saintno.mjs"));
    await expectOwnResults(runs);
    for (const { report } of runs) {
      expect(report.uploaded).toBe("mine.png");
      expect(report.previews).toBeGreaterThan(0);
      expect(report.interruption).toBe("The execution was interrupted!");
      expect(report.lists).toMatchObject({
        loadImage: ["LoadImage"],
        managerExtension: false,
        masked: "mask.png",
        setting: "kept",
        workflows: ["mine.json"],
        removal: { waited: true, stillWaits: false },
      });
      expect(report.lists["samplers"]).toBeGreaterThan(10);
    }
  });

  it("@stable-canvas/comfyui-client does the same with a plugin, and by polling", async () => {
    const runs = await runBoth("stable-canvas", nodeProgram("stable_canvas.mjs"));
    await expectOwnResults(runs);
    for (const { report } of runs) {
      expect(report.uploaded).toBe("mine.png");
      expect(report.previews).toBeGreaterThan(0);
      expect(report.interruption).toBe("Execution has been interrupted");
      expect(report.lists).toMatchObject({ settings: "object" });
      expect(report.lists["samplers"]).toBeGreaterThan(10);
    }
  });

  it("comfy-ui-client does the same with a header added to fetch", async () => {
    const runs = await runBoth("comfy-ui-client", nodeProgram("comfy_ui_client.mjs"));
    await expectOwnResults(runs);
    for (const { report } of runs) {
      expect(report.uploaded).toBe("mine.png");
      expect(report.previews).toBeGreaterThan(0);
      expect(report.interruption).toBe("execution_interrupted");
      expect(report.picturesOfInterrupted).toBe(0);
      // The library's own fault, with ComfyUI itself too: it reads JSON from an empty answer.
      expect(report.interruptThrew).toBe("SyntaxError");
      expect(report.lists).toMatchObject({ loadImage: ["LoadImage"], extensions: true });
    }
  });
});

describe("a client library from PyPI", () => {
  it.skipIf("missing" in python)(
    "comfyui-async-api-tool signs in with the token or with the link's cookie",
    async () => {
      if ("missing" in python) throw new Error(python.missing);
      const launch = pythonLaunch(python.python, python.folder, "async_api_tool.py");
      const runs = await runBoth("async-api-tool", launch, [
        { signIn: "header" },
        { signIn: "cookie" },
      ]);
      await expectOwnResults(runs);
      for (const { report } of runs) {
        expect(report.lists).toMatchObject({ online: true, lastProgress: 100, faults: [] });
      }
    },
  );
});
