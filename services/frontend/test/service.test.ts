/** Identity, settings, fixed answers and the bundle, over a real socket. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { templates, templatesIndex } from "@comfymulti/workflows";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { defaultLimits } from "../src/limits.ts";
import { UserFiles } from "../src/storage/user-files.ts";
import { makeBundle, startFrontend, token } from "./frontend.fixture.ts";
import type { Frontend } from "./frontend.fixture.ts";

let frontend: Frontend;
const send: Frontend["send"] = (...request) => frontend.send(...request);

beforeEach(async () => {
  frontend = await startFrontend();
});
afterEach(() => frontend.stop());

describe("identity", () => {
  it.each([
    ["no token", "/user001/", { authorization: "" }, 403],
    ["another token", "/user001/", { authorization: "Bearer nope" }, 403],
    ["another user's header", "/user001/", { "comfy-user": "user002" }, 403],
    ["an unknown user", "/user099/", { "comfy-user": "user099" }, 404],
    ["an unknown user and no token", "/user099/", { authorization: "" }, 403],
    ["a user's API without a token", "/user001/api/settings", { authorization: "" }, 403],
  ])("is asked for: %s", async (_case, target, headers, status) => {
    expect((await send("GET", target, undefined, headers)).status).toBe(status);
  });

  it("is not asked for by /health, which names what runs", async () => {
    const health = await send("GET", "/health", undefined, { authorization: "" });
    expect(health.json()).toEqual({
      ...{ status: "ok", comfyuiVersion: "0.11.1", frontendPackage: "1.37.11", users: 2 },
    });
  });
});

describe("settings", () => {
  it("are merged, read one by one, and kept apart from other users'", async () => {
    expect((await send("GET", "/user001/api/settings")).json()).toEqual({});
    expect((await send("GET", "/user001/settings/Comfy.Nope")).text).toBe("null");
    const merged = await send("POST", "/user001/settings", '{"gw.test": 1}');
    expect([merged.status, merged.text]).toEqual([200, ""]);
    await send("POST", "/user001/api/settings/gw.test2", '{"a": 1}');
    await send("POST", "/user001/api/settings/gw.text", '"words"');
    expect((await send("GET", "/user001/settings/gw.test2")).json()).toEqual({ a: 1 });
    expect((await send("GET", "/user001/settings/gw.text")).text).toBe('"words"');
    expect((await send("GET", "/user001/settings")).json()).toEqual({
      ...{ "gw.test": 1, "gw.test2": { a: 1 }, "gw.text": "words" },
    });
    const other = await send("GET", "/user002/settings", undefined, { "comfy-user": "user002" });
    expect(other.json()).toEqual({});
  });

  it("that are changed at the same time all stay", async () => {
    const ids = Array.from({ length: 30 }, (_, index) => `setting.${index}`);
    await Promise.all(ids.map((id) => send("POST", `/user001/api/settings/${id}`, "true")));
    const all = (await send("GET", "/user001/api/settings")).json() as object;
    expect(Object.keys(all).sort()).toEqual(ids.sort());
  });

  it("that are no JSON, no object or too large are refused", async () => {
    expect((await send("POST", "/user001/settings", "{")).status).toBe(400);
    expect((await send("POST", "/user001/settings", "[1]")).status).toBe(400);
    expect((await send("POST", "/user001/settings/a", "")).status).toBe(400);
    const large = JSON.stringify("x".repeat(2 * 1024 * 1024));
    expect((await send("POST", "/user001/settings/a", large)).status).toBe(413);
  });

  it("can't be overwritten or removed as a file", async () => {
    await send("POST", "/user001/settings", '{"a": 1}');
    const file = "/user001/api/userdata/comfy.settings.json";
    expect((await send("POST", file, "broken")).status).toBe(403);
    expect((await send("DELETE", file)).status).toBe(403);
    expect((await send("POST", `${file}/move/b.json`)).status).toBe(403);
    expect((await send("GET", "/user001/settings")).json()).toEqual({ a: 1 });
  });

  it("are the empty ones when the file was damaged by hand", async () => {
    await send("POST", "/user001/settings", '{"a": 1}');
    writeFileSync(path.join(frontend.userdataDirectory, "user001", "comfy.settings.json"), "{");
    expect((await send("GET", "/user001/settings")).json()).toEqual({});
  });
});

describe("fixed answers", () => {
  it.each([
    ["users", { storage: "server", migrated: true }],
    ["i18n", {}],
    ["workflow_templates", {}],
    ["global_subgraphs", {}],
    ["global_subgraphs/x", null],
    ["extensions", []],
  ])("are those of a ComfyUI without custom nodes: %s", async (route, expected) => {
    for (const prefix of ["/user001", "/user001/api"]) {
      const answer = await send("GET", `${prefix}/${route}`);
      expect([answer.status, answer.json()]).toEqual([200, expected]);
      expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
    }
  });

  it("refuse docs, unknown paths and new users", async () => {
    expect((await send("GET", "/user001/docs/KSampler/en.md")).status).toBe(404);
    expect((await send("GET", "/user001/nope")).status).toBe(404);
    expect((await send("DELETE", "/user001/nope")).status).toBe(404);
    expect((await send("POST", "/user001/users", '{"username":"bob"}')).status).toBe(403);
  });
});

describe("templates", () => {
  it("are the workshop's own: index, graphs and pictures", async () => {
    expect((await send("GET", "/user001/templates/index.json")).json()).toEqual(templatesIndex());
    expect((await send("GET", "/user001/templates/index.de.json")).json()).toEqual(
      templatesIndex(),
    );
    expect(templates.length).toBeGreaterThan(0);
    for (const { id, ui } of templates) {
      expect((await send("GET", `/user001/templates/${id}.json`)).json()).toEqual(ui);
      const picture = await send("GET", `/user001/templates/${id}-1.webp`);
      expect(picture.headers["content-type"]).toBe("image/webp");
      expect(picture.bytes.subarray(8, 12).toString()).toBe("WEBP");
    }
    expect((await send("GET", "/user001/templates/..%2Findex.json")).status).toBe(404);
    expect((await send("GET", "/user001/templates/nope.json")).status).toBe(404);
  });
});

describe("the bundle", () => {
  const asset = "/user001/assets/app-Ab3_x-9Z.js";

  it("is served unmodified, plain or compressed as the browser takes it", async () => {
    const original = readFileSync(path.join(frontend.bundleDirectory, "assets/app-Ab3_x-9Z.js"));
    const plain = await send("GET", asset);
    expect(plain.bytes).toEqual(original);
    const brotli = await send("GET", asset, undefined, { "accept-encoding": "gzip, br;q=0.9" });
    expect(brotli.headers["content-encoding"]).toBe("br");
    expect(brotliDecompressSync(brotli.bytes)).toEqual(original);
    const gzip = await send("GET", asset, undefined, { "accept-encoding": "gzip, br;q=0" });
    expect(gzip.headers["content-encoding"]).toBe("gzip");
    expect(gunzipSync(gzip.bytes)).toEqual(original);
    for (const answer of [plain, brotli, gzip]) {
      expect(answer.headers["content-type"]).toMatch(/javascript/);
      expect(answer.headers.vary).toBe("accept-encoding");
      expect(answer.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    }
    expect(new Set([plain, brotli, gzip].map((answer) => answer.headers.etag)).size).toBe(3);
  });

  it("is whole for everyone who asks for the same file at once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => send("GET", asset, undefined, { "accept-encoding": "br" })),
    );
    const sizes = new Set(answers.map((answer) => brotliDecompressSync(answer.bytes).length));
    expect([...sizes]).toEqual([11_000]);
  });

  it("is asked for again only when it changed", async () => {
    const index = await send("GET", "/user001/");
    expect(index.text).toContain("ComfyUI");
    expect(index.headers["cache-control"]).toBe("no-cache");
    const etag = index.headers.etag ?? "";
    const again = await send("GET", "/user001/", undefined, { "if-none-match": etag });
    expect([again.status, again.text]).toEqual([304, ""]);
  });

  it("holds no hidden file and nothing outside its folder", async () => {
    for (const name of [".wheel-sha256", "../users", "..%2Fusers", "%2e%2e/users", "assets"]) {
      expect((await send("GET", `/user001/${name}`)).status).toBe(404);
    }
  });

  it("is under /user001/, where /user001 leads", async () => {
    const answer = await send("GET", "/user001");
    expect([answer.status, answer.headers.location]).toEqual([308, "/user001/"]);
  });
});

describe("the first visit", () => {
  const workflows = async () => (await send("GET", "/user001/api/userdata?dir=workflows")).json();

  it("offers the example, and a deleted example stays deleted", async () => {
    await Promise.all([send("GET", "/user001/"), send("GET", "/user001/")]);
    expect(await workflows()).toEqual(["My first workflow.json"]);
    expect((await send("GET", "/user001/settings")).json()).toEqual({
      "Comfy.InstalledVersion": "1.37.11",
      "Comfy.Notification.ShowVersionUpdates": false,
    });
    await send("DELETE", "/user001/api/userdata/workflows%2FMy%20first%20workflow.json");
    await send("GET", "/user001/");
    expect(await workflows()).toEqual([]);
  });
});

describe("an upload that a crash cut off", () => {
  it("is dropped at a later start, and one that may be under way is not", async () => {
    const incoming = path.join(frontend.userdataDirectory, ".incoming");
    writeFileSync(path.join(incoming, "old"), "x");
    writeFileSync(path.join(incoming, "new"), "x");
    utimesSync(path.join(incoming, "old"), 0, 0);
    await new UserFiles(frontend.userdataDirectory, defaultLimits).prepare();
    expect(readdirSync(incoming)).toEqual(["new"]);
  });
});

describe("the process", () => {
  const main = new URL("../src/main.ts", import.meta.url).pathname;

  function start(environment: Record<string, string>) {
    const child = spawn(process.execPath, [main], { env: { PATH: "", ...environment } });
    let output = "";
    let errors = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    return { child, ended, output: () => output, errors: () => errors };
  }

  it("names every fault of its configuration, no value, and ends with 78", async () => {
    const run = start({ PORT: "0", FRONTEND_TOKEN: "short-secret", USERS: "user001" });
    expect(await run.ended).toBe(78);
    for (const name of ["FRONTEND_TOKEN", "BUNDLE_DIRECTORY", "USERDATA_DIRECTORY", "USERS"]) {
      expect(run.errors()).toContain(`${name}: `);
    }
    expect(run.errors()).not.toContain("short-secret");
  });

  it("says where the bundle is missing, and ends with 78", async () => {
    const run = start({
      ...{ PORT: "0", FRONTEND_TOKEN: token, USERS: '["user001"]' },
      ...{ BUNDLE_DIRECTORY: "/nowhere", USERDATA_DIRECTORY: "/nowhere" },
    });
    expect(await run.ended).toBe(78);
    expect(run.errors()).toMatch(/^BUNDLE_DIRECTORY: there is no index.html in \/nowhere/);
  });

  it("serves, logs no token, and ends in good order on SIGTERM", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "comfymulti-frontend-"));
    makeBundle(path.join(folder, "bundle"));
    const run = start({
      ...{ PORT: "0", FRONTEND_TOKEN: token, USERS: '["user001"]' },
      BUNDLE_DIRECTORY: path.join(folder, "bundle"),
      USERDATA_DIRECTORY: path.join(folder, "users"),
    });
    try {
      await expect.poll(run.output, { timeout: 15_000 }).toMatch(/listening at http/);
      const address = /listening at (http:\/\/[\d.:]+)/.exec(run.output())?.[1] ?? "";
      expect((await fetch(`${address}/health`)).status).toBe(200);
      // As browsers open them ahead of need.
      const unused = connect(Number(new URL(address).port), "127.0.0.1");
      await once(unused, "connect");
      run.child.kill("SIGTERM");
      expect(await run.ended).toBe(0);
      expect(run.output()).not.toContain(token);
    } finally {
      run.child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
