/**
 * Proves that the unmodified official editor works against the whole platform: real engine, real
 * Redis, all services, two participants in a real browser. The GPU is simulated: what a model
 * paints, and how long that takes, is not proved here.
 */
import type { Browser } from "playwright-core";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { launchBrowser } from "./browser/chromium.ts";
import { Editor, viewOf } from "./browser/editor.ts";
import { PREVIEW_WITH_METADATA } from "./browser/frames.ts";
import { negativeOfUpload, withoutPicture, withoutResolutionSteps } from "./browser/graphs.ts";
import { screenshot } from "./browser/screenshots.ts";
import { bringUp, type Participant, type StackUnderTest } from "./stack-under-test.ts";

const EXAMPLE = "example_workflow";
const FLUX = "flux2_klein_4b_text_to_image";

let stack: StackUnderTest;
let browser: Browser;
let first: Participant;
let second: Participant;
let open: Editor[] = [];

beforeAll(async () => {
  stack = await bringUp({ users: 2 });
  const [one, two] = stack.status.users;
  if (!one || !two) throw new Error("the stack has two participants");
  [first, second] = [one, two];
  browser = await launchBrowser();
});

afterEach(async () => {
  const faults = open.flatMap((editor) => editor.faults);
  for (const editor of open) {
    await editor.stopJobs();
    await editor.close();
  }
  open = [];
  expect(faults, "errors in the browser's console").toEqual([]);
});

afterAll(async () => {
  await (browser as Browser | undefined)?.close();
  await (stack as StackUnderTest | undefined)?.down();
});

test("a newcomer chooses the example, presses Run and gets its picture, and nobody else sees it", async () => {
  const other = await openEditor(second);
  const editor = await Editor.openFirstTime(browser, first);
  open.push(editor);
  await editor.templateCard(FLUX).locator("img").first().waitFor();
  await screenshot(editor.page, "template-browser");
  await editor.chooseTemplate(EXAMPLE);
  const job = await editor.run();
  const image = await editor.picture(job);

  expect(editor.frames.ofType("progress_state").length).toBeGreaterThan(0);
  expect(await sharp(await editor.bytes(image)).metadata()).toMatchObject({ format: "png" });
  await editor.button("Expand job queue").first().click();
  await editor.page.getByText(image.filename).first().waitFor();
  await editor.button("Assets").click();
  await editor.page.getByRole("img", { name: image.filename }).first().waitFor();

  expect(await other.json("api/history")).toEqual({});
  expect(await other.json("api/queue")).toEqual({ queue_running: [], queue_pending: [] });
  expect(await other.json("api/jobs")).toMatchObject({ jobs: [] });
  expect(await other.json(`api/history/${job}`)).toEqual({});
  for (const [route, refusal] of [
    [viewOf(image), 404],
    [`api/jobs/${job}`, 404],
    [`/user001/${viewOf(image)}`, 401],
    [`/user001/api/jobs/${job}`, 401],
  ] as const) {
    expect((await other.fetch(route)).status(), route).toBe(refusal);
  }
  await other.openTemplate(EXAMPLE);
  const ownJob = await other.run();
  await other.picture(ownJob);
  expect(other.frames.jobs()).toEqual(new Set([ownJob]));
  expect(editor.frames.jobs()).toEqual(new Set([job]));
});

test("a graph that lacks a required input opens the editor's own dialog, which names it", async () => {
  const editor = await openEditor(first);
  await editor.build(withoutPicture);
  await editor.page.getByTestId("queue-button").click();
  const dialog = editor.page.getByRole("dialog");
  await dialog.getByText("Required input is missing: image").waitFor();
  expect(await dialog.innerText()).toContain("ImageScaleToTotalPixels");
  await screenshot(editor.page, "error-dialog");

  expect(await editor.json("api/queue")).toEqual({ queue_running: [], queue_pending: [] });
  // The editor writes the refusal to the console too.
  const refusals = editor.faults.splice(0);
  expect(refusals.length).toBeGreaterThan(0);
  for (const refusal of refusals) {
    expect(refusal).toMatch(/400 .*\/api\/prompt$|^PromptExecutionError: /);
  }
});

test("a graph that was saved before its node had an input runs, with the input's default", async () => {
  const editor = await openEditor(first);
  await editor.build(withoutResolutionSteps);
  const job = await editor.run();
  await editor.picture(job);
  expect(await editor.json(`api/jobs/${job}`)).toMatchObject({
    status: "completed",
    workflow: { prompt: { "2": { inputs: { resolution_steps: 1 } } } },
  });
});

test("a job is cancelled with the editor's button, and the next participant's turn comes", async () => {
  const editor = await openEditor(first);
  await editor.openTemplate(FLUX);
  await editor.setWidget("Flux2Scheduler", "steps", 4000);
  const job = await editor.run();
  await editor.progressBar().waitFor();

  const other = await openEditor(second);
  await other.openTemplate(EXAMPLE);
  const waiting = await other.run();
  expect(await other.json(`api/jobs/${waiting}`)).toMatchObject({ status: "pending" });
  const host = await browser.newPage({ viewport: { width: 1280, height: 640 } });
  await host.goto(`${stack.status.admin.url}?token=${stack.status.admin.token}`);
  await host.getByRole("row", { name: /^worker-1 SIMULATED .* computing / }).waitFor();
  await host.getByRole("row", { name: /^user001 1 0 1 / }).waitFor();
  await host.getByRole("row", { name: /^user002 1 1 0 / }).waitFor();
  await screenshot(host, "admin");
  await host.context().close();

  await editor.button("Cancel current run").click();
  await editor.frames.until("execution_interrupted", job);
  expect(await editor.json(`api/jobs/${job}`)).toMatchObject({ status: "cancelled" });
  expect(await editor.json("api/queue")).toMatchObject({ queue_running: [] });
  await other.picture(waiting);
});

test("a workflow with a slash in its name is saved in a folder and found again later", async () => {
  const editor = await openEditor(first);
  await editor.openTemplate(FLUX);
  await editor.setWidget("Flux2Scheduler", "steps", 7);
  const saved = editor.page.waitForResponse((response) =>
    response.url().includes("/api/userdata/workflows%2Ffolder%20one%2Fmy%20graph.json"),
  );
  await editor.page.keyboard.press("Control+s");
  await editor.page.getByRole("dialog").getByRole("textbox").fill("folder one/my graph");
  await editor.page.keyboard.press("Enter");
  expect((await saved).status()).toBe(200);

  const later = await openEditor(first);
  await later.button("Workflows (w)").click();
  await later.page.getByRole("treeitem", { name: "folder one" }).click();
  await later.page.getByRole("treeitem", { name: "my graph.json" }).click();
  await expect.poll(() => later.widget("Flux2Scheduler", "steps")).toBe(7);
});

test("an uploaded picture is what the graph works on", async () => {
  const editor = await openEditor(first);
  await editor.build(negativeOfUpload);
  const chooser = editor.page.waitForEvent("filechooser");
  await editor.clickWidget("LoadImage", "upload");
  const red = { width: 96, height: 64, channels: 3 as const, background: "#ff0000" };
  const buffer = await sharp({ create: red }).png().toBuffer();
  await (await chooser).setFiles({ name: "my red.png", mimeType: "image/png", buffer });
  await expect.poll(() => editor.widget("LoadImage", "image")).toBe("my red.png");

  const picture = sharp(await editor.bytes(await editor.picture(await editor.run())));
  const { data, info } = await picture.removeAlpha().raw().toBuffer({ resolveWithObject: true });
  expect(info).toMatchObject({ width: 96, height: 64, channels: 3 });
  expect([...data.subarray(0, 3)]).toEqual([0, 255, 255]);
});

test("a model's job sends previews while it runs and ends with a labelled picture", async () => {
  const editor = await openEditor(first);
  await editor.openTemplate(FLUX);
  const image = await editor.picture(await editor.run());
  const previews = editor.frames.binary.filter(
    (frame) => frame.readUInt32BE(0) === PREVIEW_WITH_METADATA,
  );
  expect(previews.length).toBeGreaterThan(1);
  // Behind the event's number: the metadata's length, the metadata, the picture.
  const [preview = expect.unreachable()] = previews;
  const metadata = await sharp(preview.subarray(8 + preview.readUInt32BE(4))).metadata();
  expect(metadata.format).toBe("jpeg");
  expect(await sharp(await editor.bytes(image)).metadata()).toMatchObject({
    format: "png",
    width: 1024,
    height: 1024,
  });
  await editor.showFrom(1400);
  await screenshot(editor.page, "editor");
});

test("a page that is reloaded in the middle of a job shows its progress and its picture", async () => {
  const editor = await openEditor(first);
  await editor.openTemplate(FLUX);
  await editor.setWidget("Flux2Scheduler", "steps", 250);
  const job = await editor.run();
  await editor.frames.until("progress", job);
  editor.frames.messages.length = 0;
  await editor.reload();
  await editor.fitView();
  await editor.nodeProgress();
  await editor.frames.until("progress", job);
  await editor.picture(job);
});

async function openEditor(participant: Participant): Promise<Editor> {
  const editor = await Editor.open(browser, participant);
  open.push(editor);
  return editor;
}
