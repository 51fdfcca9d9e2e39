/** A user's settings: one JSON object in `comfy.settings.json`, as ComfyUI keeps it. */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { Refusal } from "../refusal.ts";
import { SETTINGS_FILE } from "./user-files.ts";
import type { UserFiles } from "./user-files.ts";

/** Any JSON object: what the keys mean is the frontend's matter. */
export const settingsSchema = z.record(z.string().max(256), z.json());
export type Settings = z.infer<typeof settingsSchema>;

export class UserSettings {
  readonly #files: UserFiles;

  constructor(files: UserFiles) {
    this.#files = files;
  }

  /** A user who never stored any, or whose file was damaged by hand, has the given ones. */
  async read(user: string): Promise<Settings> {
    const file = await this.#files.find(user, SETTINGS_FILE);
    if (!file) return {};
    try {
      return settingsSchema.parse(JSON.parse(await readFile(file, "utf8")));
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof z.ZodError) return {};
      throw error;
    }
  }

  /** Merges; concurrent changes of different keys all stay. */
  async change(user: string, change: Settings): Promise<void> {
    await this.#files.exclusively(user, async () => {
      const text = JSON.stringify({ ...(await this.read(user)), ...change }, undefined, 4);
      if (Buffer.byteLength(text) > this.#files.limits.settingsBytes) {
        throw new Refusal(413, "The settings have grown too large: remove custom colour palettes.");
      }
      await this.#files.replace(user, SETTINGS_FILE, text);
    });
  }
}
