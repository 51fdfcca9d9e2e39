/** The end of a workshop, as participants and the host see it at the gateway. */
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { buildApp, createLogger } from "../src/index.ts";
import { EXTENSIONS } from "./frontend.ts";
import { startGateway, TOKENS, type TestGateway } from "./gateway.ts";
import { Host } from "./host.ts";
import { graph } from "./scripted-worker.ts";

const TEXT = "The workshop has ended. Save your workflow.";

let gateway: TestGateway;
let host: Host;
beforeEach(async () => {
  gateway = await startGateway();
  host = new Host(gateway);
});
afterEach(() => gateway.close());

const announce = (text: unknown) =>
  host.fetch("/api/v1/announcement", {
    method: "PUT",
    body: JSON.stringify({ text }),
    headers: { "content-type": "application/json" },
  });

describe("an announcement", () => {
  test("reaches every open editor, and those that are opened later, until it is taken back", async () => {
    const alice = await gateway.alice.socket("a");
    const bob = await gateway.bob.socket("b");
    expect((await announce(TEXT)).status).toBe(200);
    for (const socket of [alice, bob]) {
      await socket.untilType("comfymulti_announcement");
      expect(socket.frames.at(-1)?.data).toEqual({ text: TEXT });
    }
    const later = await gateway.alice.socket("c");
    await later.untilType("comfymulti_announcement");
    expect(later.types[0]).toBe("status");
    expect(await host.get("/announcement")).toEqual({ text: TEXT });

    await host.fetch("/api/v1/announcement", { method: "DELETE" });
    await alice.untilType("comfymulti_announcement", 2);
    expect(alice.frames.at(-1)?.data).toEqual({ text: "" });
    expect(await host.get("/announcement")).toEqual({ text: null });
    for (const socket of [alice, bob, later]) await socket.close();
  });

  test("is one line of text, which only the host can set", async () => {
    for (const text of ["", "two\nlines", "x".repeat(501), 7]) {
      expect((await announce(text)).status).toBe(400);
    }
    const stranger = await fetch(`${gateway.origin}/api/v1/announcement`, {
      headers: { authorization: `Bearer ${TOKENS.alice}` },
    });
    expect(stranger.status).toBe(401);
  });

  test.each(["/extensions", "/api/extensions"])(
    "is shown by an extension that the editor finds in %s, behind the frontend's own",
    async (route) => {
      const listed = await gateway.alice.get<string[]>(route);
      expect(listed).toEqual([...EXTENSIONS, "/comfymulti/announcement.js"]);
      const script = await gateway.alice.fetch(listed.at(-1) ?? "");
      expect(script.headers.get("content-type")).toContain("text/javascript");
      expect(await script.text()).toContain("comfymulti_announcement");
    },
  );

  test("the list of extensions is refused in words while the frontend is away", async () => {
    await gateway.frontend.close();
    const response = await gateway.alice.fetch("/api/extensions");
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ error: { type: "frontend_unavailable" } });
  });
});

test("a closed queue refuses jobs with the announcement as reason, until it is opened again", async () => {
  await announce(TEXT);
  expect(await (await host.post("/queue/close")).json()).toEqual({ paused: true, closed: true });
  expect(await host.get("/queue")).toMatchObject({ paused: true, closed: true });
  const refused = await gateway.alice.post("/prompt", { prompt: graph });
  expect(refused.status).toBe(503);
  expect(refused.headers.get("retry-after")).toBeNull();
  expect(await refused.json()).toMatchObject({
    error: { message: "The workshop has ended: no more jobs are taken", details: TEXT },
  });
  const page = await (await host.fetch("/admin/")).text();
  expect(page).toContain("Closed: the workshop has ended");
  expect(page).toContain(TEXT);
  expect(await (await host.post("/queue/resume")).json()).toEqual({ paused: false, closed: false });
  expect((await gateway.alice.post("/prompt", { prompt: graph })).status).toBe(200);
});

test("a closed queue is open again in a stack that was made anew over the same Redis", async () => {
  await announce(TEXT);
  await host.post("/queue/close");
  const restart = async (ADMIN_TOKEN: string) => {
    const environment = { ...gateway.environment, ADMIN_TOKEN };
    const app = await buildApp({
      environment,
      queue: gateway.queue,
      logger: createLogger("silent"),
    });
    await app.close();
    return [await gateway.queue.intakeClosed(), await gateway.queue.announcement()];
  };
  expect(await restart(TOKENS.admin)).toEqual([true, TEXT]);
  expect(await restart("another-admin-token-0123")).toEqual([false, undefined]);
});

test("the host lists what a user's jobs have made, and fetches it with the admin token", async () => {
  const folder = path.join(gateway.dataDirectory, "outputs", "user001");
  mkdirSync(path.join(folder, "video"), { recursive: true });
  writeFileSync(path.join(folder, "b.png"), "bbb");
  writeFileSync(path.join(folder, "video", "a.mp4"), "a");
  writeFileSync(path.join(folder, ".unfinished"), "x");
  symlinkSync("/etc/passwd", path.join(folder, "link.png"));
  for (const name of ["b.png", "video/a.mp4"]) utimesSync(path.join(folder, name), 1000, 1000);
  expect(await host.get("/users/user001/outputs")).toEqual({
    files: [
      { subfolder: "", filename: "b.png", bytes: 3, modified: 1_000_000 },
      { subfolder: "video", filename: "a.mp4", bytes: 1, modified: 1_000_000 },
    ],
  });
  expect(await host.get("/users/user002/outputs")).toEqual({ files: [] });
  expect((await host.fetch("/api/v1/users/nobody/outputs")).status).toBe(404);
  const view = await host.fetch("/user001/view?filename=a.mp4&subfolder=video&type=output");
  expect(await view.text()).toBe("a");
});
