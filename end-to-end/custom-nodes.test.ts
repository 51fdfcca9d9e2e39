/**
 * Both nodes in the official editor of ComfyUI 0.11.1, in a real browser, under a prefix as
 * /user001/. ComfyUI itself is not there: see custom-nodes/doors.ts for what stands in for it.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { launchBrowser } from "./browser/chromium.ts";
import { installPythonLibraries } from "./client-libraries/install.ts";
import { defaultWorkflow, openDoors, type Doors } from "./custom-nodes/doors.ts";

/** For a page to load and anything in it to appear, on a busy machine. */
const PATIENCE_MS = 30_000;
const TEST_MS = 120_000;
/** In which a page that did not stand still would have loaded. */
const SLOW_GATEWAY_MS = 3000;
/** The setting by which default_workflow_loader knows a first visit. */
const VISITED = "Comfymulti.DefaultWorkflowLoader.Visited";

/** The editor's public global, as far as it is looked at here. */
interface EditorWindow {
  readonly app: {
    readonly graph?: { readonly _nodes: readonly { readonly type: string }[] };
    readonly extensionManager: { workflow: { activeWorkflow?: { path: string } } };
    loadGraphData(graph: unknown): Promise<void>;
  };
}
declare const window: EditorWindow;
declare const localStorage: { getItem(key: string): string | null };

const workshopNodes = z
  .object({ nodes: z.array(z.object({ type: z.string() })) })
  .parse(JSON.parse(readFileSync(defaultWorkflow, "utf8")))
  .nodes.map(({ type }) => type)
  .toSorted();

const python = await installPythonLibraries();
if ("missing" in python) console.log(`The custom nodes are not tried: ${python.missing}.`);

describe.skipIf("missing" in python)("the nodes in the official editor", () => {
  let browser: Browser;
  let userdata: string;
  let doors: Doors;

  beforeAll(async () => {
    browser = await launchBrowser();
  });

  afterAll(() => browser.close());

  async function open(moves: boolean): Promise<Doors> {
    if ("missing" in python) throw new Error(python.missing);
    userdata = mkdtempSync(path.join(tmpdir(), "comfymulti-custom-nodes-"));
    doors = await openDoors({ python, userdata, moves });
    return doors;
  }

  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    await doors.close();
    rmSync(userdata, { recursive: true, force: true });
  });

  /** A page of a browser that knows nothing yet. */
  async function newPage(): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    context.setDefaultTimeout(PATIENCE_MS);
    return context.newPage();
  }

  async function visit(address: string): Promise<Page> {
    const page = await newPage();
    await page.goto(address);
    return page;
  }

  /** Types of the nodes that lie on the canvas, once a workflow is open. */
  async function nodesOn(page: Page): Promise<readonly string[]> {
    await page.waitForFunction(
      () =>
        "app" in window &&
        window.app.graph?._nodes.length &&
        window.app.extensionManager.workflow.activeWorkflow,
    );
    const types = await page.evaluate(() => window.app.graph?._nodes.map(({ type }) => type));
    return types?.toSorted() ?? [];
  }

  it(
    "opens the workshop's graph for a newcomer, and Run reaches the gateway under the page's prefix",
    async () => {
      const { gateway, prompts } = await open(true);
      const page = await visit(gateway);
      expect(await nodesOn(page)).toEqual(workshopNodes);
      expect(page.url()).toBe(gateway);
      expect(await page.getByRole("dialog").count()).toBe(0);

      await page.getByTestId("queue-button").click();
      await expect.poll(() => prompts, { timeout: PATIENCE_MS }).toEqual(["/user001/api/prompt"]);
    },
    TEST_MS,
  );

  it(
    "leaves what a participant works on, and comes on the first visit only",
    async () => {
      const { gateway } = await open(true);
      const page = await visit(gateway);
      await nodesOn(page);
      await page.evaluate(async () => {
        const node = { id: 1, type: "EmptyImage", pos: [100, 100], size: [200, 100], order: 0 };
        await window.app.loadGraphData({ version: 0.4, nodes: [node], links: [] });
      });
      await page.waitForFunction(() => localStorage.getItem("workflow")?.includes("EmptyImage"));
      const elsewhere = await visit(gateway);
      expect(await nodesOn(elsewhere)).not.toEqual(workshopNodes);

      // As for somebody who was here before the node was.
      const forgotten = await page.request.post(`${gateway}api/settings/${VISITED}`, {
        data: "false",
        headers: { "content-type": "application/json" },
      });
      expect(forgotten.status()).toBe(200);
      await page.reload();
      expect(await nodesOn(page)).toEqual(["EmptyImage"]);
    },
    TEST_MS,
  );

  it(
    "moves a page that was opened past the gateway, and keeps the first visit for there",
    async () => {
      const { gateway, past } = await open(true);
      const page = await newPage();
      await page.route(gateway, async (route) => {
        await setTimeout(SLOW_GATEWAY_MS);
        await route.continue();
      });
      await page.goto(past);
      await page.waitForURL(gateway);
      expect(await nodesOn(page)).toEqual(workshopNodes);
    },
    TEST_MS,
  );

  it(
    "says in the editor's own dialog why Run does nothing past the gateway",
    async () => {
      const { past, prompts } = await open(false);
      const page = await visit(past);
      await nodesOn(page);
      await page.getByTestId("queue-button").click();
      const dialog = page.getByRole("dialog");
      await dialog.getByText("This page is not connected to the shared queue").waitFor();
      expect(await dialog.innerText()).toContain("open your personal link and press Run there");
      expect(page.url()).toBe(past);
      expect(prompts).toEqual([]);
    },
    TEST_MS,
  );
});
