/**
 * The end of a workshop, through the command that a host or a timer uses: real engine, real queue, real
 * editor, bundles in a real S3 server; killed in the middle, with a bundle that somebody changed, and
 * with a disk at the simulated Verda that nobody knows of.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { writeBundle } from "../cli/teardown/bundles/write-bundle.ts";
import { BucketStore } from "../cli/bucket-store.ts";
import { FolderSource } from "../cli/teardown/files/folder-source.ts";
import { GatewaySource } from "../cli/teardown/files/gateway-source.ts";
import { Gateway } from "../cli/teardown/gateway.ts";
import { journalSchema } from "../cli/teardown/journal.ts";
import { receiptSchema } from "../cli/teardown/receipt.ts";
import { SupervisorClient } from "../components/hosts/index.ts";
import { VerdaClient, verdaSettings } from "../components/verda/index.ts";
import {
  objectStoreProgram,
  startObjectStore,
  type TestObjectStore,
} from "../worker/test/support/object-store.ts";
import { launchBrowser } from "./browser/chromium.ts";
import { Editor } from "./browser/editor.ts";
import { writeStackFile } from "./stack-file.ts";
import { Terminal } from "./terminal.ts";
import { render, saveWorkflow, submit, type Person } from "./teardown/participant.ts";
import { startRehearsal, type Rehearsal } from "./verda-provider/rehearsal.ts";
import { hashesIn, sha256 } from "./teardown/zip.ts";

const STACK = "over";
const home = mkdtempSync(path.join(tmpdir(), "comfymulti-teardown-"));
const data = path.join(home, "stacks", STACK);
const HOUR = 3_600_000;

if (objectStoreProgram === undefined) {
  console.warn("teardown.test.ts is skipped: versitygw is not built; npm run setup builds it");
}

/** @param endsIn ms from now */
const settings = (endsIn?: number) =>
  writeStackFile(home, STACK, {
    ...{ kind: "local", users: 2 },
    ...(endsIn !== undefined && { endsAt: new Date(Date.now() + endsIn).toISOString() }),
  });

const statusSchema = z.object({
  users: z.array(
    z.object({ id: z.string(), url: z.string(), link: z.string(), token: z.string() }),
  ),
  admin: z.object({ url: z.string(), token: z.string() }),
});

describe.skipIf(objectStoreProgram === undefined)("teardown of a stack on this machine", () => {
  let objects: TestObjectStore;
  let verda: Rehearsal;
  let terminal: Terminal;
  let bucket: BucketStore;
  let browser: Browser;
  let people: readonly Person[];
  let admin: { url: string; token: string };
  /** Larger than one part of an upload, so that storing it takes a while. */
  const video = randomBytes(80_000_000);

  const journal = () =>
    journalSchema.parse(JSON.parse(readFileSync(path.join(data, "teardown/journal.json"), "utf8")));
  const running = async () => (await new SupervisorClient(data).status()) ?? [];
  const stored = async (key: string): Promise<Buffer> => {
    const content = await bucket.read(key);
    if (!content) throw new Error(`${key} is not in the bucket`);
    return buffer(content);
  };
  const person = (index: number): Person => {
    const found = people[index];
    if (!found) throw new Error(`there is no participant ${index}`);
    return found;
  };
  const up = async () => {
    settings();
    const outcome = await terminal.run("up", STACK);
    expect(outcome.code, outcome.text).toBe(0);
    const status = await terminal.run("status", STACK, "--json");
    ({ users: people, admin } = statusSchema.parse(JSON.parse(status.stdout)));
  };

  beforeAll(async () => {
    const folder = path.join(home, "objects");
    mkdirSync(folder);
    objects = await startObjectStore(folder);
    verda = await startRehearsal();
    const { R2_ENDPOINT, R2_BUCKET, R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY } = objects.settings;
    terminal = new Terminal({
      COMFYMULTI_HOME: home,
      COMFYMULTI_SETTINGS: home,
      VERDA_BASE_URL: verda.credentials.baseUrl,
      VERDA_CLIENT_ID: verda.credentials.clientId,
      VERDA_CLIENT_SECRET: verda.credentials.clientSecret,
      BUNDLES_ENDPOINT: R2_ENDPOINT,
      BUNDLES_BUCKET: R2_BUCKET,
      BUNDLES_ACCESS_KEY_ID: R2_ACCESS_KEY_ID,
      BUNDLES_SECRET_ACCESS_KEY: R2_SECRET_ACCESS_KEY,
    });
    bucket = new BucketStore(
      {
        endpoint: R2_ENDPOINT,
        bucket: R2_BUCKET,
        accessKeyId: R2_ACCESS_KEY_ID,
        secretAccessKey: R2_SECRET_ACCESS_KEY,
        cures: { key: "the test's key", place: "the test's bucket" },
      },
      new AbortController().signal,
    );
    browser = await launchBrowser();
    await up();
    await render(person(0));
    await render(person(1));
    await saveWorkflow(person(0), "mine/first try.json", '{"nodes": []}');
    await saveWorkflow(person(1), "größe.json", '{"nodes": [1]}');
    mkdirSync(path.join(data, "files/outputs/user002/video"), { recursive: true });
    writeFileSync(path.join(data, "files/outputs/user002/video/long.mp4"), video);
  });
  afterAll(async () => {
    await terminal.run("down", STACK, "--purge");
    await browser.close();
    await Promise.all([objects.stop(), verda.stop()]);
    rmSync(home, { recursive: true, force: true });
  });

  it("does nothing before its time, and says when that is", async () => {
    settings(HOUR);
    const { code, text } = await terminal.run("teardown", STACK, "--if-due", "--yes");
    expect(text).toMatch(/Stack over ends at .*, in \d+ min/);
    expect(code).toBe(0);
    expect(await running()).not.toEqual([]);
    settings(-HOUR);
  });

  it("tells what it would do, and asks before it does it", async () => {
    const dry = await terminal.run("teardown", STACK, "--dry-run");
    expect(dry.text).toContain("2 participants are told");
    expect(dry.text).toContain("s3://model-vault/");
    expect(dry.code).toBe(0);
    const asked = await terminal.run("teardown", STACK, "--if-due");
    expect(asked.text).toContain("Add --yes to do it");
    expect(asked.code).toBe(1);
    expect((await submit(person(0))).status).toBe(200);
  });

  it("takes the same from the gateway of another machine as from a folder here", async () => {
    const { signal } = new AbortController();
    const gateway = new Gateway(admin, signal);
    for (const { id: user } of people) {
      const bundle = async (source: FolderSource | GatewaySource) => {
        const file = path.join(home, "compared.zip");
        const collectedAt = "2026-11-24T17:00:00.000Z";
        const manifest = await writeBundle({
          ...{ stack: STACK, user, collectedAt, source, file, signal },
        });
        return { files: manifest.files, hashes: [...hashesIn(readFileSync(file))] };
      };
      const here = await bundle(new FolderSource(data));
      expect(await bundle(new GatewaySource(gateway))).toEqual(here);
      expect(here.files.length).toBeGreaterThan(1);
    }
  });

  it("announces the end in every open editor, and is killed while it bundles", async () => {
    const editor = await Editor.open(browser, person(0));
    const command = terminal.start("teardown", STACK, "--if-due", "--yes");
    await command.printed(/user001: \d+ files/);
    command.signal("SIGKILL");
    await command.outcome;
    await editor.page.getByText("Save your workflow now", { exact: false }).first().waitFor();
    await editor.close();

    const refused = await submit(person(1));
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({
      error: {
        message: "The workshop has ended: no more jobs are taken",
        details: expect.stringContaining("Save your workflow now") as string,
      },
    });
    expect(Object.keys(journal().bundles)).toEqual(["user001"]);
    expect(await running()).not.toEqual([]);
  });

  it("goes on where it was killed, and refuses a bundle that is not what was sent", async () => {
    const before = journal().bundles["user001"];
    if (!before) throw new Error("user001 has no bundle");
    const tampered = await stored(before.key);
    tampered[100] = (tampered[100] ?? 0) ^ 1;
    await objects.put(before.key, tampered);

    const { code, text } = await terminal.run("teardown", STACK, "--if-due", "--yes");
    expect(text).toContain("Going on with the teardown");
    expect(text).not.toMatch(/user001: \d+ files/);
    expect(text).toMatch(/user002: \d+ files/);
    expect(text).toContain("Nothing was destroyed");
    expect(text).toContain(`${before.key} holds other bytes than were sent`);
    expect(text).not.toContain("    at ");
    expect(code).toBe(1);
    expect(await running()).not.toEqual([]);
  });

  it("makes that bundle anew, destroys everything, and does not call it clean while something billed is left", async () => {
    const { credentials } = verda;
    const client = new VerdaClient(verdaSettings({}, { ...credentials }));
    const forgotten = { name: `comfyume-${STACK}-scratch`, type: "NVMe", size: 30 };
    const id = await client.createVolume({ ...forgotten, location_code: "FIN-01" });
    const { code, text } = await terminal.run("teardown", STACK, "--yes");
    expect(text).toContain(`volume ${forgotten.name} (${id}) is left`);
    expect(text).toContain(`1 thing of ${STACK} is left, 1 of them billed`);
    expect(code, text).toBe(2);
    expect(await running()).toEqual([]);
    await client.deleteVolume(id, true);
  });

  it("hands over a receipt that nothing is left once that is gone, and bundles that hold everything", async () => {
    const { code, text, stdout } = await terminal.run("teardown", STACK, "--yes", "--json");
    expect(text).toContain("Nothing of over is left");
    expect(code).toBe(0);
    const receipt = receiptSchema.parse(JSON.parse(stdout));
    expect(receipt).toMatchObject({ stack: STACK, verdict: "clean", cancelledJobs: [], kept: [] });
    expect(receipt.steps.map(({ outcome }) => outcome)).toEqual(Array(6).fill("done"));
    expect(receipt.destroyed.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["redis", "queue-manager", "worker-1"]),
    );

    const [first, second] = receipt.bundles.list;
    if (!first || !second) throw new Error("there are not two bundles");
    for (const bundle of [first, second]) {
      const zip = await stored(bundle.key);
      expect(bundle).toMatchObject({ bytes: zip.length, sha256: sha256(zip) });
      expect(bundle.verifiedAt).toBeDefined();
      const manifest = z
        .object({ files: z.array(z.object({ path: z.string(), sha256: z.string() })) })
        .parse(JSON.parse((await stored(bundle.manifest.key)).toString()));
      const hashes = hashesIn(zip);
      expect([...hashes.keys()]).toEqual([...manifest.files.map((f) => f.path), "manifest.json"]);
      for (const file of manifest.files) expect(hashes.get(file.path)).toBe(file.sha256);
    }
    const ofFirst = hashesIn(await stored(first.key));
    expect(ofFirst.get("workflows/mine/first try.json")).toBe(sha256('{"nodes": []}'));
    const ofSecond = hashesIn(await stored(second.key));
    expect(ofSecond.get("workflows/größe.json")).toBe(sha256('{"nodes": [1]}'));
    expect(ofSecond.get("outputs/video/long.mp4")).toBe(sha256(video));

    const page = (await stored(`bundles/${STACK}/${receipt.run}/receipt.md`)).toString();
    expect(page).toContain(`**Nothing of ${STACK} is left that costs money.**`);
    for (const secret of [admin.token, ...people.map(({ token }) => token)]) {
      expect(text + page + JSON.stringify(journal())).not.toContain(secret);
    }
  });

  it("is done when it is called again, here and from a machine that never had its journal", async () => {
    for (const there of [true, false]) {
      if (!there) rmSync(path.join(data, "teardown"), { recursive: true });
      const { code, text } = await terminal.run("teardown", STACK, "--if-due", "--yes");
      expect(text).toContain("is done already");
      expect(code).toBe(0);
    }
  });
});
