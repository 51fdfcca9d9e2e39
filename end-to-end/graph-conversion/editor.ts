/**
 * The official editor without ComfyUI: the light frontend serves its files, captured node
 * definitions stand for the worker's. Good for asking it what it would send.
 */
import { mkdtempSync, rmSync } from "node:fs";
import * as http from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { buildApp } from "@comfymulti/frontend";
import { comfyuiVersions, loadObjectInfo } from "@comfymulti/workflows";
import type { Prompt } from "@comfymulti/workflows";
import type { Browser, Page } from "playwright-core";
import { ensureFrontendBundle } from "../../tools/setup/frontend-bundle.mjs";

const VERSION = "0.11.1";
const FRONTEND_TOKEN = "a-token-for-tests-only";
const USER = "user001";
/** For the page to load, on a busy machine. */
const PATIENCE_MS = 60_000;

/** What the editor asks ComfyUI for when it starts. */
const ANSWERS: Readonly<Record<string, unknown>> = {
  "/object_info": loadObjectInfo(VERSION),
  "/extensions": [],
  "/queue": { queue_running: [], queue_pending: [] },
  "/history": {},
};

/** What the editor makes of a graph: what ComfyUI runs, and the graph itself as it saves it. */
export interface Sent {
  readonly output: Prompt;
  readonly workflow: unknown;
}

/** The editor's public global, as far as it is used here. */
interface EditorWindow {
  readonly app: {
    readonly graph?: unknown;
    readonly extensionManager: { workflow: { activeWorkflow?: unknown } };
    loadGraphData(graph: unknown): Promise<void>;
    graphToPrompt(): Promise<Sent>;
  };
}
declare const window: EditorWindow;

export interface OfficialEditor {
  /** What the editor would send for this graph. */
  send(workflow: unknown): Promise<Sent>;
  close(): Promise<void>;
}

export async function openOfficialEditor(browser: Browser): Promise<OfficialEditor> {
  const pin = comfyuiVersions[VERSION];
  if (!pin?.wheel) throw new Error(`the editor of ComfyUI ${VERSION} is pinned`);
  const userdata = mkdtempSync(path.join(tmpdir(), "comfymulti-graph-conversion-"));
  const bundle = { version: pin.frontendPackage, wheel: pin.wheel, report: console.log };
  const frontend = await buildApp({
    environment: {
      FRONTEND_TOKEN,
      BUNDLE_DIRECTORY: await ensureFrontendBundle(bundle),
      USERDATA_DIRECTORY: userdata,
      USERS: [USER],
      COMFYUI_VERSION: VERSION,
    },
  });
  const files = await frontend.listen({ host: "127.0.0.1", port: 0 });
  const server = http.createServer((request, response) => answer(request, response, files));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const page = await openPage(browser, (server.address() as AddressInfo).port);
  return {
    send: (workflow) =>
      page.evaluate(async (graph) => {
        await window.app.loadGraphData(graph);
        // Some of the editor's own connections settle on the next frame.
        await new Promise((settled) => setTimeout(settled, 100));
        const { output, workflow: saved } = await window.app.graphToPrompt();
        // As it goes over the wire: without what is undefined.
        return JSON.parse(JSON.stringify({ output, workflow: saved })) as Sent;
      }, workflow),
    async close() {
      await page.context().close();
      server.closeAllConnections();
      server.close();
      await frontend.close();
      rmSync(userdata, { recursive: true, force: true });
    },
  };
}

async function openPage(browser: Browser, port: number): Promise<Page> {
  const context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${port}/${USER}/`);
  // The editor opens a graph of its own first.
  await page.waitForFunction(
    () =>
      "app" in window && window.app.graph && window.app.extensionManager.workflow.activeWorkflow,
  );
  return page;
}

function answer(request: http.IncomingMessage, response: http.ServerResponse, files: string): void {
  const route = new URL(request.url ?? "", files).pathname
    .replace(`/${USER}`, "")
    .replace(/^\/api(?=\/)/, "");
  if (Object.hasOwn(ANSWERS, route)) {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(ANSWERS[route]));
    return;
  }
  const headers = {
    ...request.headers,
    "comfy-user": USER,
    authorization: `Bearer ${FRONTEND_TOKEN}`,
  };
  const outgoing = http.request(
    `${files}${request.url}`,
    { method: request.method, headers },
    (incoming) => {
      response.writeHead(incoming.statusCode ?? 502, incoming.headers);
      incoming.pipe(response);
    },
  );
  outgoing.on("error", (error) => response.destroy(error));
  request.pipe(outgoing);
}
