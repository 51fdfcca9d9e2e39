/** A stack's file is changed as a person would: nothing but what changes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { repository } from "../../components/installation.ts";
import { changedText, textChangedWithin, writeWhole } from "./settings-file.ts";

const file = `# The workshop.
config:
  comfymulti:users: 20 # all of them
  # Replace: what it may cost.
  comfymulti:budget: { currency: EUR, amount: 400 }
  comfymulti:frontendVersion: 0.9.2 # as tried in spring
  verda:clientSecret:
    secure: v1:abc:def==
  comfymulti:canaries:
    - { service: frontend, version: 0.9.2, stack: staging, at: "2026-11-20T10:00:00Z", jobs: 12 }
encryptionsalt: v1:salt=
`;

test("comments, order and every other setting stay", () => {
  const text = changedText(file, {
    frontendVersion: "0.11.1",
    frontends: { user020: { version: "0.11.1" } },
  });
  const lines = file.split("\n");
  const changed = text.split("\n").filter((line) => !lines.includes(line));
  expect(changed).toEqual([
    "  comfymulti:frontendVersion: 0.11.1 # as tried in spring",
    "  comfymulti:frontends: { user020: { version: 0.11.1 } }",
  ]);
  expect(text.split("\n")).toHaveLength(lines.length + 1);
});

test("a setting is taken away, and taking it away again changes nothing", () => {
  const there = changedText(file, { workerVersions: { "worker-1": "0.11.1" } });
  expect(changedText(there, { workerVersions: undefined })).toBe(file);
  expect(changedText(file, { workerVersions: undefined, frontendVersion: "0.9.2" })).toBe(file);
});

test("a file without settings gets its first one", () => {
  for (const empty of ["", "config:\n", "# nothing yet\n"]) {
    expect(parse(changedText(empty, { frontendVersion: "0.11.1" }))).toEqual({
      config: { "comfymulti:frontendVersion": "0.11.1" },
    });
  }
});

test("the repository's own files survive a change and its way back to the letter", () => {
  for (const name of ["local", "rehearsal", "workshop", "staging"]) {
    const text = readFileSync(path.join(repository, `Pulumi.${name}.yaml`), "utf8");
    const changed = changedText(text, { frontends: { user001: { version: "0.9.2" } } });
    expect(changedText(changed, { frontends: undefined })).toBe(text);
  }
});

test("a file is replaced whole and keeps its rights", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "settings-file-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const place = path.join(folder, "Pulumi.local.yaml");
  writeFileSync(place, "one", { mode: 0o644 });
  writeWhole(place, "two");
  expect(readFileSync(place, "utf8")).toBe("two");
});

test("what is within a setting is changed alone", () => {
  const digest = (digit: string) => `@sha256:${digit.repeat(64)}`;
  const written = `config:
  comfymulti:images:
    redis: registry.example/redis:0.1.0${digest("1")} # as in spring
    # Theirs:
    grafana: grafana/grafana:12.3.0${digest("2")}
    frontend:
      0.11.1: registry.example/frontend:0.11.1${digest("3")}
  comfymulti:users: 20
`;
  const changed = textChangedWithin(written, [
    [["images", "redis"], `vault/redis:0.1.0${digest("4")}`],
    [["images", "frontend", "0.9.2"], `vault/frontend:0.9.2${digest("5")}`],
    [["images", "worker", "0.11.1"], `vault/worker:0.11.1${digest("6")}`],
  ]);
  expect(changed).toBe(`config:
  comfymulti:images:
    redis: vault/redis:0.1.0${digest("4")} # as in spring
    # Theirs:
    grafana: grafana/grafana:12.3.0${digest("2")}
    frontend:
      0.11.1: registry.example/frontend:0.11.1${digest("3")}
      0.9.2: vault/frontend:0.9.2${digest("5")}
    worker:
      0.11.1: vault/worker:0.11.1${digest("6")}
  comfymulti:users: 20
`);
});

test("a setting that was not there, or on one line, gets lines of its own", () => {
  for (const before of ["config:\n  comfymulti:users: 20\n", "", "config: {}\n"]) {
    const text = textChangedWithin(before, [
      [["images", "redis"], "a"],
      [["images", "worker", "0.11.1"], "b"],
    ]);
    expect((parse(text) as { config: unknown }).config).toMatchObject({
      "comfymulti:images": { redis: "a", worker: { "0.11.1": "b" } },
    });
  }
  const flow = "config:\n  comfymulti:images: { redis: a, nginx: c }\n  comfymulti:users: 20\n";
  expect(textChangedWithin(flow, [[["images", "redis"], "b"]])).toBe(
    "config:\n  comfymulti:images:\n    redis: b\n    nginx: c\n  comfymulti:users: 20\n",
  );
});
