/** The official editor as a participant uses it: what is pressed, and what can be seen. */
import { templates } from "@comfymulti/workflows";
import type { Browser, Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { z } from "zod";
import type { Participant } from "../stack-under-test.ts";
import { Frames } from "./frames.ts";
import type { Chain } from "./graphs.ts";
import { isKnownError } from "./known-errors.ts";

/** The part of the editor's own objects that the tests look at; `app` is its public global. */
interface EditorNode {
  readonly type: string;
  pos: [number, number];
  readonly size: [number, number];
  readonly progress?: number;
  readonly imgs?: readonly { readonly naturalWidth: number }[];
  widgets?:
    { readonly name: string; readonly type: string; value: unknown; last_y?: number }[] | undefined;
  connect(output: number, target: EditorNode, input: number): void;
}
interface EditorWindow {
  readonly LiteGraph: { createNode(type: string): EditorNode };
  readonly app: {
    readonly graph?: { readonly _nodes: EditorNode[]; add(node: EditorNode): void };
    readonly extensionManager: {
      workflow: { activeWorkflow?: { path: string; changeTracker: { checkState(): void } } };
    };
    loadGraphData(graph: unknown): Promise<void>;
    readonly canvas: {
      readonly ds: {
        readonly scale: number;
        readonly offset: Float32Array;
        fitToBounds(bounds: number[]): void;
      };
      setDirty(front: boolean, back: boolean): void;
    };
    canvasPosToClientPos(place: [number, number]): [number, number];
  };
}
declare const window: EditorWindow;
declare const requestAnimationFrame: (frame: () => void) => void;

export const imageSchema = z.object({
  filename: z.string(),
  subfolder: z.string(),
  type: z.string(),
});
export type Image = z.infer<typeof imageSchema>;

/** For anything to appear or to be pressed. */
const PATIENCE_MS = 15_000;
const VIEWPORT = { width: 1280, height: 800 };

export class Editor {
  readonly page: Page;
  readonly participant: Participant;
  readonly frames: Frames;
  /** Console errors and exceptions that are not the editor's own, known ones. */
  readonly faults: string[] = [];

  private constructor(page: Page, participant: Participant) {
    this.page = page;
    this.participant = participant;
    this.frames = new Frames(page);
    page.on("pageerror", (error) => this.faults.push(error.message));
    page.on("console", (message) => {
      const text = `${message.text()} ${message.location().url}`;
      if (message.type() === "error" && !isKnownError(text)) this.faults.push(text);
    });
  }

  /** Opens the participant's personal link in a browser that knows nothing yet. */
  static async openFirstTime(browser: Browser, participant: Participant): Promise<Editor> {
    const context = await browser.newContext({ viewport: VIEWPORT });
    context.setDefaultTimeout(PATIENCE_MS);
    const editor = new Editor(await context.newPage(), participant);
    await editor.page.goto(participant.link);
    await editor.#ready();
    return editor;
  }

  /** The same for somebody whom the editor has welcomed before, with its template browser. */
  static async open(browser: Browser, participant: Participant): Promise<Editor> {
    const context = await browser.newContext({ viewport: VIEWPORT });
    await context.request.get(participant.link);
    const welcomed = await context.request.post(
      `${participant.url}api/settings/Comfy.TutorialCompleted`,
      { data: "true", headers: { "content-type": "application/json" } },
    );
    expect(welcomed.status()).toBe(200);
    context.setDefaultTimeout(PATIENCE_MS);
    const editor = new Editor(await context.newPage(), participant);
    await editor.page.goto(participant.url);
    await editor.#ready();
    return editor;
  }

  async #ready(): Promise<void> {
    await this.page.waitForFunction(() => "app" in window && window.app.graph);
    await this.frames.until("feature_flags");
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.#ready();
  }

  button(name: string): Locator {
    return this.page.getByRole("button", { name, exact: true });
  }

  templateCard(id: string): Locator {
    return this.page.getByTestId(`template-workflow-${id}`);
  }

  /** Opens a template from the sidebar's template browser. */
  async openTemplate(id: string): Promise<void> {
    await this.button("Templates").click();
    await this.chooseTemplate(id);
  }

  /** Picks a template in the template browser that is open. */
  async chooseTemplate(id: string): Promise<void> {
    await this.templateCard(id).click();
    const nodes = templates.find((template) => template.id === id)?.ui.nodes.length;
    await this.page.waitForFunction(
      ([name, count]) =>
        window.app.extensionManager.workflow.activeWorkflow?.path.includes(name) &&
        window.app.graph?._nodes.length === count,
      [id, nodes] as const,
    );
    await this.fitView();
  }

  /** Shows the whole graph: the editor loads a node's picture only when it draws the node. */
  async fitView(): Promise<void> {
    await this.page.getByRole("button", { name: "Fit View" }).click();
    await this.page.evaluate(stillCanvas);
  }

  /** Closes the queue's panel, if it is open, and looks closely at the nodes from this x on. */
  async showFrom(x: number): Promise<void> {
    const panel = this.button("Show assets").filter({ visible: true });
    if ((await panel.count()) > 0) await this.button("Expand job queue").first().click();
    await panel.waitFor({ state: "hidden" });
    await this.page.evaluate((left) => {
      const { canvas, graph } = window.app;
      const nodes = graph?._nodes.filter(({ pos }) => pos[0] >= left) ?? [];
      const right = Math.max(...nodes.map(({ pos, size }) => pos[0] + size[0]));
      const top = Math.min(...nodes.map(({ pos }) => pos[1]));
      const bottom = Math.max(...nodes.map(({ pos, size }) => pos[1] + size[1]));
      canvas.ds.fitToBounds([left, top, right - left, bottom - top]);
      canvas.setDirty(true, true);
    }, x);
    await this.page.evaluate(stillCanvas);
  }

  /** Builds nodes that feed each other in a row, on an empty canvas. */
  async build(chain: Chain): Promise<void> {
    await this.page.evaluate(async (row) => {
      const { app, LiteGraph } = window;
      await app.loadGraphData({
        version: 0.4,
        nodes: [],
        links: [],
        last_node_id: 0,
        last_link_id: 0,
      });
      let previous: EditorNode | undefined;
      for (const [index, [type, { without }]] of Object.entries(row).entries()) {
        const node = LiteGraph.createNode(type);
        node.pos = [60 + 380 * index, 100];
        app.graph?.add(node);
        if (without) node.widgets = node.widgets?.filter(({ name }) => name !== without);
        previous?.connect(0, node, 0);
        previous = node;
      }
    }, chain);
    await this.fitView();
  }

  /** Sets a widget of the only node of this type. */
  async setWidget(type: string, name: string, value: number): Promise<void> {
    await this.page.evaluate(
      ([nodeType, widgetName, wanted]) => {
        const node = window.app.graph?._nodes.find((one) => one.type === nodeType);
        const widget = node?.widgets?.find((one) => one.name === widgetName);
        if (!widget) throw new Error(`No widget ${widgetName} of a ${nodeType}.`);
        widget.value = wanted;
        window.app.extensionManager.workflow.activeWorkflow?.changeTracker.checkState();
      },
      [type, name, value] as const,
    );
  }

  widget(type: string, name: string): Promise<unknown> {
    return this.page.evaluate(
      ([nodeType, widgetName]) =>
        window.app.graph?._nodes
          .find((node) => node.type === nodeType)
          ?.widgets?.find((widget) => widget.name === widgetName)?.value,
      [type, name] as const,
    );
  }

  /** Clicks a widget where the canvas has drawn it. */
  async clickWidget(type: string, name: string): Promise<void> {
    const place = await this.page.waitForFunction(
      ([nodeType, widgetName]) => {
        const node = window.app.graph?._nodes.find((one) => one.type === nodeType);
        const top = node?.widgets?.find((one) => one.name === widgetName)?.last_y;
        if (!node || !top) return undefined;
        const [x, y] = node.pos;
        return window.app.canvasPosToClientPos([x + node.size[0] / 2, y + top + 10]);
      },
      [type, name] as const,
    );
    const [x, y] = (await place.jsonValue()) ?? expect.unreachable();
    await this.page.mouse.click(x, y);
  }

  /** Presses Run; answers the job's id once the gateway took it. */
  async run(): Promise<string> {
    const answer = this.page.waitForResponse((response) => response.url().endsWith("/api/prompt"));
    await this.page.getByTestId("queue-button").click();
    const response = await answer;
    expect(response.status(), await response.text()).toBe(200);
    return z.object({ prompt_id: z.string() }).parse(await response.json()).prompt_id;
  }

  /** "Total: 12% Current node: …" under the Run button. */
  progressBar(): Locator {
    return this.page
      .getByText(/Total:\s*\d+%/)
      .filter({ visible: true })
      .first();
  }

  /** Waits until a node's own progress bar has begun. */
  async nodeProgress(): Promise<void> {
    await this.page.waitForFunction(() =>
      window.app.graph?._nodes.some(({ progress }) => progress !== undefined && progress > 0),
    );
  }

  /** Leaves nothing for the next test to wait for. */
  async stopJobs(): Promise<void> {
    const { request } = this.page.context();
    await request.post(`${this.participant.url}api/queue`, { data: { clear: true } });
    await request.post(`${this.participant.url}api/interrupt`, { data: {} });
  }

  /** The job's picture, once its node shows it and the job has ended well. */
  async picture(job: string): Promise<Image> {
    const { data } = await this.frames.until("executed", job);
    await this.frames.until("execution_success", job);
    await this.page.waitForFunction(() =>
      window.app.graph?._nodes.some(
        ({ type, imgs }) => type === "SaveImage" && imgs?.[0] && imgs[0].naturalWidth > 0,
      ),
    );
    const { output } = z.object({ output: z.object({ images: z.array(imageSchema) }) }).parse(data);
    return output.images[0] ?? expect.unreachable("the job made no picture");
  }

  /** A request as the page itself makes it, relative to the participant's address. */
  fetch(route: string) {
    return this.page.context().request.get(new URL(route, this.participant.url).href);
  }

  async json(route: string): Promise<unknown> {
    return (await this.fetch(route)).json();
  }

  async bytes(image: Image): Promise<Buffer> {
    const response = await this.fetch(viewOf(image));
    expect(response.status()).toBe(200);
    return response.body();
  }
}

export const viewOf = (image: Image): string =>
  `api/view?${new URLSearchParams({ ...image }).toString()}`;

/** Runs in the page: ends once the view has not moved for a number of frames. */
function stillCanvas(): Promise<void> {
  const STILL_FRAMES = 10;
  const view = () => {
    const { scale, offset } = window.app.canvas.ds;
    return [scale, ...offset].join();
  };
  return new Promise((resolve) => {
    let before = view();
    let still = 0;
    const look = () => {
      still = view() === before ? still + 1 : 0;
      before = view();
      if (still === STILL_FRAMES) resolve();
      else requestAnimationFrame(look);
    };
    look();
  });
}
