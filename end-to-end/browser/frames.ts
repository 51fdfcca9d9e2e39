/** What a page's WebSockets received, for tests to wait on and to look through. */
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { z } from "zod";

const messageSchema = z.object({ type: z.string(), data: z.record(z.string(), z.unknown()) });
export type Message = z.infer<typeof messageSchema>;

/** Event number of a binary frame's first four bytes: a preview with its metadata. */
export const PREVIEW_WITH_METADATA = 4;

export class Frames {
  readonly messages: Message[] = [];
  readonly binary: Buffer[] = [];

  constructor(page: Page) {
    page.on("websocket", (socket) => {
      socket.on("framereceived", ({ payload }) => {
        if (typeof payload === "string")
          this.messages.push(messageSchema.parse(JSON.parse(payload)));
        else this.binary.push(payload);
      });
    });
  }

  ofType(type: string): Message[] {
    return this.messages.filter((message) => message.type === type);
  }

  /** Waits until a message of this type came, of this job if one is named. */
  async until(type: string, promptId?: string): Promise<Message> {
    const find = () =>
      this.ofType(type).find(({ data }) => !promptId || data["prompt_id"] === promptId);
    await expect.poll(find, { timeout: 40_000, message: `a ${type} message` }).toBeDefined();
    return find() ?? expect.unreachable();
  }

  /** Jobs that any message names. */
  jobs(): Set<unknown> {
    const named = this.messages.map(({ data }) => data["prompt_id"]);
    return new Set(named.filter((id) => id !== undefined));
  }
}
