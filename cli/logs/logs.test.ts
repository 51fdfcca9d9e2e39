import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { chmodSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { StackResource } from "../cost/resources.ts";
import type { Platform } from "../../stacks/outputs.ts";
import { containerLog } from "./container-log.ts";
import { follow, lastLines, sizeOf } from "./file-log.ts";
import { linesSince, sinceTime, timeOf } from "./lines.ts";
import { commandOn, containersOf, machinesOf } from "./machines.ts";
import { redactor, secretsOf } from "./redact.ts";

const NOW = new Date("2026-11-24T12:00:00Z");
const folder = mkdtempSync(path.join(tmpdir(), "comfymulti-logs-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("the last lines go over a rotation, and what comes later is followed once", async () => {
  const file = path.join(folder, "redis.log");
  writeFileSync(`${file}.1`, "one\ntwo\n");
  writeFileSync(file, "three\n");
  const end = sizeOf(file);
  appendFileSync(file, "four\n");
  expect(lastLines(file, { lines: 2 }, end)).toEqual(["two", "three"]);
  const stop = new AbortController();
  const seen: string[] = [];
  const following = follow(file, end, (line) => seen.push(line), stop.signal);
  await vi.waitUntil(() => seen.length === 1);
  appendFileSync(file, "fi");
  truncateSync(file, 0);
  appendFileSync(file, "six\n");
  await vi.waitUntil(() => seen.length === 2);
  stop.abort();
  await following;
  expect(seen[0]).toBe("four");
  expect(seen[1]).toMatch(/six$/);
});

test("a time is so long ago, or a date", () => {
  expect(sinceTime("10m", NOW).toISOString()).toBe("2026-11-24T11:50:00.000Z");
  expect(sinceTime("2026-11-24T09:00:00Z", NOW).toISOString()).toBe("2026-11-24T09:00:00.000Z");
  expect(() => sinceTime("soon", NOW)).toThrow('"soon" is no time');
});

test("lines without a time are as old as the one before them", () => {
  const at = (time: number, msg: string) => JSON.stringify({ level: 30, time, msg });
  const lines = [at(1000, "a"), "  of a", at(2000, "b"), "  of b", at(1500, "c")];
  expect(linesSince(lines, new Date(2000))).toEqual([at(2000, "b"), "  of b", at(1500, "c")]);
  expect(linesSince(lines, new Date(3000))).toEqual([]);
  expect(timeOf("7:M 24 Nov 2026 12:00:00.123 * Ready to accept connections")).toBe(
    Date.parse("24 Nov 2026 12:00:00"),
  );
  expect(timeOf('{"no": "time"}')).toBeUndefined();
});

test("no secret of the stack is shown, nor what looks like one in a URL", () => {
  const platform = {
    stack: "tried",
    users: [{ id: "user001", url: "http://x/user001/", token: "aaaaaaaaaaaa", link: "-" }],
    backup: {
      environment: { RESTIC_PASSWORD: "bbbbbbbbbbbb", AWS_DEFAULT_REGION: "autoautoauto" },
    },
  } as unknown as Platform;
  const token = (value: unknown): StackResource => ({
    ...{ urn: "u", type: "comfymulti:index:Token", name: "t", id: "1", isProtected: false },
    ...{ inputs: {}, outputs: { value } },
  });
  const secrets = secretsOf(platform, [
    token("cccccccccccc"),
    token({ "4dabf18193072939515e22adb298388d": "1b47", plaintext: '"dddddddddddd"' }),
  ]);
  const redact = redactor(secrets);
  expect(redact("aaaaaaaaaaaa bbbbbbbbbbbb cccccccccccc dddddddddddd autoautoauto user001")).toBe(
    "[secret] [secret] [secret] [secret] autoautoauto user001",
  );
  expect(redact("GET /user001/?token=unknown&x=1 Bearer abcdefghijk")).toBe(
    "GET /user001/?token=[secret]&x=1 Bearer [secret]",
  );
});

const provider = (name: string, inputs: object): StackResource => ({
  ...{ urn: `urn::${name}`, type: "pulumi:providers:docker", name, id: name },
  ...{ isProtected: false, inputs: inputs as StackResource["inputs"], outputs: {} },
});
const container = (name: string, on: string): StackResource => ({
  ...{ urn: `urn::${name}`, type: "docker:index/container:Container", name, id: name },
  ...{ isProtected: false, provider: `urn::${on}::${on}`, outputs: {} },
  inputs: { name: `comfyume-w-${name}` },
});
const resources = [
  provider("host", { host: "ssh://root@192.0.2.7:2222" }),
  provider("worker-host", { host: "ssh://root@w1", sshOpts: '["-o","ConnectTimeout=5"]' }),
  ...[container("nginx", "host"), container("redis", "host"), container("worker-1", "worker-host")],
];

test("containers are found where their DockerHost says, and each machine once", () => {
  expect(containersOf(resources).map(({ service, name }) => [service, name])).toEqual([
    ["nginx", "comfyume-w-nginx"],
    ["redis", "comfyume-w-redis"],
    ["worker-1", "comfyume-w-worker-1"],
  ]);
  expect(machinesOf(resources).map(({ address }) => address)).toEqual([
    ...["ssh://root@192.0.2.7:2222", "ssh://root@w1"],
  ]);
});

test("a machine is reached by ssh with its port and options, a local docker by its address", () => {
  const [first, second] = machinesOf(resources);
  if (!first || !second) throw new Error("two machines were declared");
  expect(commandOn(first, ["docker", "logs", "it's"]).slice(-4)).toEqual([
    ...["-p", "2222", "root@192.0.2.7", String.raw`'docker' 'logs' 'it'\''s'`],
  ]);
  expect(commandOn(second, ["date"])).toContain("ConnectTimeout=5");
  const socket = { address: "unix:///var/run/docker.sock", sshOptions: [] };
  expect(commandOn(socket, ["docker", "logs", "x"])).toEqual([
    ...["docker", "-H", "unix:///var/run/docker.sock", "logs", "x"],
  ]);
});

beforeAll(() => {
  // Answers as ssh would, from a machine that has one container.
  writeFileSync(
    path.join(folder, "ssh"),
    `#!/bin/sh
for command; do :; done
case $command in
  *comfyume-w-nginx*) echo "$command"; echo to-stderr >&2 ;;
  *) echo "No such container" >&2; exit 1 ;;
esac
`,
  );
  chmodSync(path.join(folder, "ssh"), 0o755);
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"] ?? ""}`);
});

test("a container's log comes over ssh, both streams; one that is not there is told", async () => {
  const [nginx, redis] = containersOf(resources);
  if (!nginx || !redis) throw new Error("two containers were declared");
  const seen: string[] = [];
  const show = (of: typeof nginx) =>
    containerLog(
      of,
      { lines: 5, since: NOW, isFollowed: false },
      (line) => seen.push(line),
      new AbortController().signal,
    );
  expect(await show(nginx)).toBeUndefined();
  expect(seen.toSorted()).toEqual([
    "'docker' 'logs' '--tail' '5' '--since' '2026-11-24T12:00:00.000Z' 'comfyume-w-nginx'",
    "to-stderr",
  ]);
  expect(await show(redis)).toBe("No such container");
});
