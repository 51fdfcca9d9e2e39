/** `comfymulti workflows`: the commands as they are typed, on files of their own. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { loadObjectInfo, templates } from "@comfymulti/workflows";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const program = path.resolve(import.meta.dirname, "../main.ts");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "comfymulti-workflows-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly told: string;
}

const comfymulti = (...args: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [program, "workflows", ...args],
      { cwd: folder, env: { ...process.env, NO_COLOR: "1" }, maxBuffer: 64 * 1024 ** 2 },
      (_error, out, told) => {
        resolve({ code: child.exitCode ?? -1, out, told });
      },
    );
  });

function write(name: string, content: unknown): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return name;
}

/** As ComfyUI 0.5 saved it: `resolution_steps` came with 0.6.0, required, with the default 1. */
const older = {
  "1": { class_type: "EmptyImage", inputs: { width: 64, height: 64, batch_size: 1, color: 0 } },
  "2": {
    class_type: "ImageScaleToTotalPixels",
    inputs: { image: ["1", 0], upscale_method: "bilinear", megapixels: 0.05 },
  },
  "3": { class_type: "SaveImage", inputs: { images: ["2", 0], filename_prefix: "older" } },
};
const fine = {
  ...older,
  "2": { ...older["2"], inputs: { ...older["2"].inputs, resolution_steps: 1 } },
};
/** Made with ComfyUI 0.9.2: by 0.11.1 the node has lost an output and gained an input. */
const training = {
  "1": { class_type: "TrainLoraNode", inputs: { steps: 16 } },
  "2": { class_type: "SaveLoRA", inputs: { lora: ["1", 1], prefix: "loras/x" } },
};
const broken = { "1": { class_type: "SaveImage", inputs: { filename_prefix: "x" } } };

describe("workflows check", () => {
  test("holds the templates against the newest captured version", async () => {
    const { code, out } = await comfymulti("check", "--json");
    const { against, files } = JSON.parse(out) as {
      against: string;
      files: { verdict: string }[];
    };
    expect(against).toBe("ComfyUI 0.11.1");
    expect(files).toHaveLength(2 * templates.length);
    expect(new Set(files.map(({ verdict }) => verdict))).toEqual(new Set(["ok"]));
    expect(code).toBe(0);
  });

  test("finds the graphs of a folder, and says what each lacks", async () => {
    write("graphs/older.json", older);
    write("graphs/deeper/broken.json", broken);
    write("graphs/package.json", { name: "no graph" });
    write("graphs/node_modules/left-out.json", broken);
    const { code, out } = await comfymulti("check", "graphs", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      skipped: 1,
      files: [
        { file: "graphs/deeper/broken.json", verdict: "invalid", problems: [{ nodeId: "1" }] },
        { file: "graphs/older.json", verdict: "needs-migration", fixed: false },
      ],
    });
    const table = await comfymulti("check", "graphs");
    expect(table.out).toContain("1 other JSON files are no graphs.");
    expect(table.out).toMatch(/older\.json .*needs migration .*resolution_steps/);
  });

  test("--fix writes the healed graph, which then runs, and touches no other", async () => {
    write("older.json", older);
    write("broken.json", broken);
    const first = await comfymulti("check", "older.json", "broken.json", "--fix", "--json");
    expect(first.code).toBe(1);
    expect(JSON.parse(readFileSync(path.join(folder, "older.json"), "utf8"))).toMatchObject({
      "2": { inputs: { resolution_steps: 1 } },
    });
    expect(readFileSync(path.join(folder, "broken.json"), "utf8")).toBe(JSON.stringify(broken));
    const again = await comfymulti("check", "older.json");
    expect(again.code).toBe(0);
    expect(again.out).toMatch(/older\.json .*runs/);
  });

  test("names the version that it was told, and what is silent there", async () => {
    write("fine.json", { ...fine, "2": { ...fine["2"], inputs: { ...fine["2"].inputs, odd: 1 } } });
    const { code, out } = await comfymulti("check", "fine.json", "--worker", "0.9.2", "--json");
    expect(code).toBe(0);
    const notes = [{ nodeId: "2", message: expect.stringContaining("odd") as string }];
    expect(JSON.parse(out)).toMatchObject({ against: "ComfyUI 0.9.2", files: [{ notes }] });
  });

  test("reads what a running ComfyUI says of its nodes", async () => {
    const { SaveImage } = loadObjectInfo("0.11.1");
    write("object_info.json", { SaveImage });
    write("older.json", older);
    const { code, out } = await comfymulti(
      ..."check older.json --object-info object_info.json --json".split(" "),
    );
    expect(code).toBe(1);
    expect(out).toContain("EmptyImage");
  });

  test("writes SARIF and JUnit for CI systems", async () => {
    write("a & b/older.json", older);
    write("fine.json", fine);
    const sarif = await comfymulti("check", "a & b", "fine.json", "--format", "sarif");
    expect(sarif.code).toBe(1);
    expect(JSON.parse(sarif.out)).toMatchObject({
      version: "2.1.0",
      runs: [
        {
          results: [
            {
              ruleId: "needs-migration",
              level: "warning",
              locations: [
                { physicalLocation: { artifactLocation: { uri: "a%20%26%20b/older.json" } } },
              ],
            },
          ],
        },
      ],
    });
    const junit = await comfymulti("check", "a & b", "fine.json", "--format", "junit");
    expect(junit.out).toContain('<testsuites tests="2" failures="1">');
    expect(junit.out).toContain('name="a &amp; b/older.json"');
  });

  test.each([
    [["check", "nowhere.json"], /nowhere\.json can't be read/],
    [["check", "--worker", "0.12.0"], /0\.12\.0 are not captured .*comfymulti capture URL/],
    [["check", "--worker", "0.9.2", "--object-info", "x"], /not both/],
    [["check", "."], /There is no graph/],
    [["check", "--object-info", "damaged.json"], /damaged\.json/],
  ])("says in a sentence what is wrong with %j", async (args, sentence) => {
    write("damaged.json", "{");
    const { code, told } = await comfymulti(...args);
    expect(told).toMatch(sentence);
    expect(told).not.toMatch(/\n\s+at /);
    expect(code).toBe(1);
  });

  test("a named file that is no graph is refused with the reason", async () => {
    write("text.json", "no JSON");
    const { code, out } = await comfymulti("check", "text.json", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ files: [{ format: "unknown", verdict: "invalid" }] });
  });
});

describe("workflows diff", () => {
  test("tells the breaking changes from one version to the next, a row each", async () => {
    const { code, out } = await comfymulti("diff", "0.9.2", "0.11.1", "--json");
    const rows = JSON.parse(out) as { node: string; class: string; input?: string }[];
    expect(rows).toContainEqual(
      expect.objectContaining({
        node: "TrainLoraNode",
        class: "migratable",
        input: "bypass_mode",
      }),
    );
    expect(rows.some((row) => row.class === "breaking")).toBe(true);
    expect(code).toBe(1);
  });

  test("has nothing to say of the templates, and ends well", async () => {
    const { code, out } = await comfymulti("diff", "0.9.2", "0.11.1", "--scope", "saved");
    expect(out).toContain("0 breaking, 0 migratable");
    expect(code).toBe(0);
  });

  test("looks at the stored graphs that it is given", async () => {
    write("graphs/training.json", training);
    const { out } = await comfymulti(
      ..."diff 0.9.2 0.11.1 --scope saved --graphs graphs --json".split(" "),
    );
    expect(JSON.parse(out)).toMatchObject([
      { node: "TrainLoraNode", change: "output-moved", output: 1 },
      { node: "TrainLoraNode", change: "input-added-required", input: "bypass_mode" },
    ]);
  });

  test("never answers 'no changes' to what can't be compared", async () => {
    write("empty.json", {});
    const { code, told } = await comfymulti("diff", "0.9.2", "empty.json");
    expect(told).not.toBe("");
    expect(code).toBe(1);
  });

  test("leaves out what an allow list names, and refuses one without a reason", async () => {
    write("graphs/training.json", training);
    const allowed = {
      node: "TrainLoraNode",
      change: "input-added-required",
      input: "bypass_mode",
    };
    const told = ["diff", "0.9.2", "0.11.1", "--scope", "saved", "--graphs", "graphs"];
    write("allow.json", [{ ...allowed, reason: "healed by the gateway", expires: "2999-01-01" }]);
    const { out } = await comfymulti(...told, "--allow", "allow.json");
    expect(out).toContain("1 more are on the allow list");
    write("no-reason.json", [{ ...allowed, expires: "2999-01-01" }]);
    expect((await comfymulti(...told, "--allow", "no-reason.json")).told).toContain("reason");
  });
});

test("workflows matrix computes every pair, and blocks a version that is not captured", async () => {
  const all = await comfymulti("matrix", "--json");
  expect(JSON.parse(all.out)).toMatchObject([
    { frontend: "0.9.2", worker: "0.9.2", verdict: "ok" },
    { frontend: "0.9.2", worker: "0.11.1", verdict: "smoke-owed" },
    { frontend: "0.11.1", worker: "0.9.2", verdict: "smoke-owed" },
    { frontend: "0.11.1", worker: "0.11.1", verdict: "ok" },
  ]);
  const unknown = await comfymulti("matrix", "0.12.0", "--json");
  const reasons = [expect.stringContaining("comfymulti capture URL")];
  expect(JSON.parse(unknown.out)).toMatchObject([{ verdict: "blocked", reasons }]);
});
