/**
 * Proves that the rendered configuration works in a real nginx in front of the real platform: the
 * official editor in Chromium for two participants at once, over TLS with a certificate authority of
 * the test's own. The GPU is simulated.
 */
import type { Browser } from "playwright-core";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { Editor, viewOf } from "./browser/editor.ts";
import { negativeOfUpload } from "./browser/graphs.ts";
import { launchTrustingBrowser } from "./nginx/browser.ts";
import { ADMIN_TOKEN, type QueueManager } from "./nginx/platform.ts";
import { refusalType } from "./nginx/refusal.ts";
import { ask, bearer } from "./nginx/request.ts";
import { usePlatform } from "./nginx/use-platform.ts";
import type { Participant } from "./stack-under-test.ts";

const EXAMPLE = "example_workflow";
const FLUX = "flux2_klein_4b_text_to_image";
/** A participant's own style sheet, asked for in two places, need not exist. */
const OWN_STYLE = /404 .*\/user\d{3}\/(?:api\/userdata\/)?user\.css$/;
const MIB = 1024 * 1024;

const platform = usePlatform();
const first = () => platform().participant("user001");
const last = () => platform().participant("user020");
let browser: Browser;

describe("the official editor behind nginx", () => {
  let open: Editor[] = [];

  beforeAll(async () => {
    browser = await launchTrustingBrowser(platform().certificates);
  });
  afterAll(() => browser.close());

  afterEach(async () => {
    const faults = open
      .flatMap((editor) => editor.faults)
      .filter((fault) => !OWN_STYLE.test(fault));
    for (const editor of open) {
      await editor.stopJobs();
      await editor.close();
    }
    open = [];
    expect(faults, "errors in the browser's console").toEqual([]);
  });

  async function openEditor(participant: Participant): Promise<Editor> {
    const editor = await Editor.open(browser, participant);
    open.push(editor);
    return editor;
  }

  test("two participants run at once, each sees the progress and the picture of their own", async () => {
    const editors = await Promise.all([openEditor(first()), openEditor(last())]);
    const results = await Promise.all(
      editors.map(async (editor, index) => {
        await editor.openTemplate(FLUX);
        // Not alike: ComfyUI would answer the second from its cache, without progress.
        await editor.setWidget("Flux2Scheduler", "steps", 100 + index);
        const job = await editor.run();
        return { editor, job, image: await editor.picture(job) };
      }),
    );
    for (const { editor, job, image } of results) {
      expect(editor.frames.ofType("progress_state").length).toBeGreaterThan(0);
      expect(editor.frames.binary.length).toBeGreaterThan(0);
      expect(editor.frames.jobs()).toEqual(new Set([job]));
      expect(await sharp(await editor.bytes(image)).metadata()).toMatchObject({ format: "png" });
    }
    const [one, other] = results;
    if (!one || !other) return expect.unreachable();
    expect((await other.editor.fetch(`/${first().id}/${viewOf(one.image)}`)).status()).toBe(401);
    const cookies = await one.editor.page.context().cookies();
    expect(cookies).toMatchObject([{ path: "/user001/", secure: true, httpOnly: true }]);
  });

  test("a workflow with a slash in its name is saved in a folder and found again later", async () => {
    const editor = await openEditor(first());
    await editor.openTemplate(FLUX);
    await editor.setWidget("Flux2Scheduler", "steps", 7);
    const saved = editor.page.waitForResponse((response) =>
      response.url().includes("/api/userdata/workflows%2Ffolder%20one%2Fmy%20graph.json"),
    );
    await editor.page.keyboard.press("Control+s");
    await editor.page.getByRole("dialog").getByRole("textbox").fill("folder one/my graph");
    await editor.page.keyboard.press("Enter");
    expect((await saved).status()).toBe(200);

    const later = await openEditor(first());
    await later.button("Workflows (w)").click();
    await later.page.getByRole("treeitem", { name: "folder one" }).click();
    await later.page.getByRole("treeitem", { name: "my graph.json" }).click();
    await expect.poll(() => later.widget("Flux2Scheduler", "steps")).toBe(7);
  });

  test("an uploaded picture is what the graph works on", async () => {
    const editor = await openEditor(last());
    await editor.build(negativeOfUpload);
    const chooser = editor.page.waitForEvent("filechooser");
    await editor.clickWidget("LoadImage", "upload");
    const red = { width: 96, height: 64, channels: 3 as const, background: "#ff0000" };
    const buffer = await sharp({ create: red }).png().toBuffer();
    await (await chooser).setFiles({ name: "my red.png", mimeType: "image/png", buffer });
    await expect.poll(() => editor.widget("LoadImage", "image")).toBe("my red.png");

    const picture = sharp(await editor.bytes(await editor.picture(await editor.run())));
    const { data } = await picture.removeAlpha().raw().toBuffer({ resolveWithObject: true });
    expect([...data.subarray(0, 3)]).toEqual([0, 255, 255]);
  });

  test("either queue manager is killed: the editor comes back by itself, and Run goes on", async () => {
    const editor = await openEditor(first());
    await editor.openTemplate(EXAMPLE);
    const [one, other] = platform().queueManagers;
    if (!one || !other) return expect.unreachable();
    for (const [killed, left] of [
      [one, other],
      [other, one],
    ] as const) {
      await killed.part.kill();
      for (let request = 0; request < 20; request++) {
        expect((await editor.fetch("api/settings")).status()).toBe(200);
      }
      // A picture that is finished while no socket is open is not told again.
      await expect.poll(() => socketsOf(left), { timeout: 20_000 }).toBeGreaterThan(0);
      await editor.picture(await editor.run());
      await killed.part.start();
    }
  });
});

describe("what comes from disk", () => {
  test("a hashed file comes compressed, to be kept for good, without asking who asks", async () => {
    const page = await ask(platform().door.origin, "/user001/", { headers: bearer(first().token) });
    const [script = ""] = /assets\/index-[\w-]{8}\.js/.exec(page.body) ?? [];
    for (const user of ["user001", "user020"]) {
      const { status, headers } = await ask(platform().door.origin, `/${user}/${script}`, {
        headers: { "accept-encoding": "gzip" },
      });
      expect({ status, ...headers }).toMatchObject({
        status: 200,
        "content-type": "text/javascript",
        "content-encoding": "gzip",
        "cache-control": "public, max-age=31536000, immutable",
        "x-content-type-options": "nosniff",
      });
    }
    const asLogged = (await platform().door.logs())
      .split("\n")
      .findLast((line) => line.includes(script));
    expect(asLogged).toContain('"upstream":""');
  });

  test.each(["/user001/", "/user001/index.html", "/user001/user.css", "/user001/api/settings"])(
    "%s asks who asks",
    async (route) => {
      expect((await ask(platform().door.origin, route)).status).toBe(401);
    },
  );

  test("a hashed name that is not on disk is asked of the participant's frontend", async () => {
    const route = "/user001/assets/nothing-AAAAAAAA.js";
    expect((await ask(platform().door.origin, route)).status).toBe(401);
    const { status } = await ask(platform().door.origin, route, { headers: bearer(first().token) });
    expect(status).toBe(404);
  });

  test("node definitions come compressed", async () => {
    const { status, headers } = await ask(platform().door.origin, "/user001/api/object_info", {
      headers: { ...bearer(first().token), "accept-encoding": "gzip" },
    });
    expect({ status, ...headers }).toMatchObject({ status: 200, "content-encoding": "gzip" });
  });
});

describe("large bodies", () => {
  test("a file of 100 MiB is uploaded and has its whole length afterwards", async () => {
    const form = new FormData();
    const bytes = new Uint8Array(100 * MIB);
    form.set("image", new Blob([bytes]), "large.bin");
    const stored = await fetch(`${last().url}api/upload/image`, {
      method: "POST",
      headers: bearer(last().token),
      body: form,
    });
    expect(stored.status, await stored.clone().text()).toBe(200);
    const { name } = z.object({ name: z.string() }).parse(await stored.json());
    const { headers } = await ask(
      platform().door.origin,
      `/user020/api/view?filename=${name}&type=input`,
      { method: "HEAD", headers: bearer(last().token) },
    );
    expect(headers["content-length"]).toBe(String(bytes.length));
  });

  test.each([
    ["/user001/api/upload/image", 102 * MIB],
    ["/user001/api/userdata/workflows%2Fa.json", 102 * MIB],
    ["/user001/prompt", 34 * MIB],
    ["/api/v1/queue", 2 * MIB],
  ])("%s refuses %i bytes before they are sent, in the editor's form", async (route, length) => {
    const { status, body } = await ask(platform().door.origin, route, {
      method: "POST",
      headers: { ...bearer(first().token), "content-length": length },
    });
    expect(status).toBe(413);
    expect(refusalType(body)).toBe("too_large");
  });
});

/** Open WebSockets, by the queue manager's own count. */
async function socketsOf({ origin }: QueueManager): Promise<number> {
  const metrics = await ask(origin, "/metrics", { headers: bearer(ADMIN_TOKEN) });
  return Number(/^comfymulti_websockets (\d+)$/m.exec(metrics.body)?.[1]);
}
