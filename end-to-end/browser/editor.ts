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
  readonly imgs?: readonly { readonly naturalWidth: number }[];
  widgets?: { readonly name: string; readonly type: string; value: unknown; last_y?: number }[];
  connect(output: number, target: EditorNode, input: number): void;
}
interface EditorWindow {
  readonly LiteGraph: { createNode(type: string): EditorNode };
  readonly app: {
    readonly graph?: { readonly _nodes: EditorNode[]; add(node: EditorNode): void };
    readonly extensionManager: { workflow: { activeWorkflow?: { path: string } } };
    loadGraphData(graph: unknown): Promise<void>;
    canvasPosToClientPos(place: [number, number]): [number, number];
  };
}
declare const globalThis: EditorWindow;

export const imageSchema = z.object({
  filename: z.string(),
  subfolder: z.string(),
  type: z.string(),
});
export type Image = z.infer<typeof imageSchema>;

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
    const editor = new Editor(await context.newPage(), participant);
    await editor.page.goto(participant.url);
    await editor.#ready();
    return editor;
  }

  async #ready(): Promise<void> {
    await this.page.waitForFunction(() => "app" in globalThis && globalThis.app.graph);
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
        globalThis.app.extensionManager.workflow.activeWorkflow?.path.includes(name) &&
        globalThis.app.graph?._nodes.length === count,
      [id, nodes] as const,
    );
    await this.fitView();
  }

  /** The editor loads a node's picture only when it draws the node. */
  async fitView(): Promise<void> {
    await this.page.getByRole("button", { name: "Fit View" }).click();
  }

  /** Builds nodes that feed each other in a row, on an empty canvas. */
  async build(chain: Chain): Promise<void> {
    await this.page.evaluate(async (row) => {
      const { app, LiteGraph } = globalThis;
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
        const node = globalThis.app.graph?._nodes.find((one) => one.type === nodeType);
        const widget = node?.widgets?.find((one) => one.name === widgetName);
        if (!widget) throw new Error(`No widget ${widgetName} of a ${nodeType}.`);
        widget.value = wanted;
      },
      [type, name, value] as const,
    );
  }

  widget(type: string, name: string): Promise<unknown> {
    return this.page.evaluate(
      ([nodeType, widgetName]) =>
        globalThis.app.graph?._nodes
          .find((node) => node.type === nodeType)
          ?.widgets?.find((widget) => widget.name === widgetName)?.value,
      [type, name] as const,
    );
  }

  /** Clicks a widget where the canvas has drawn it. */
  async clickWidget(type: string, name: string): Promise<void> {
    const place = await this.page.waitForFunction(
      ([nodeType, widgetName]) => {
        const node = globalThis.app.graph?._nodes.find((one) => one.type === nodeType);
        const top = node?.widgets?.find((one) => one.name === widgetName)?.last_y;
        if (!node || !top) return undefined;
        const [x, y] = node.pos;
        return globalThis.app.canvasPosToClientPos([x + node.size[0] / 2, y + top + 10]);
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

  /** The job's picture, once its node shows it and the job has ended well. */
  async picture(job: string): Promise<Image> {
    const { data } = await this.frames.until("executed", job);
    await this.frames.until("execution_success", job);
    await this.page.waitForFunction(() =>
      globalThis.app.graph?._nodes.some(
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
