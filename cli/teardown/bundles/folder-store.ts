/** Bundles in a folder of this machine. */
import { createReadStream } from "node:fs";
import { copyFile, mkdir, open, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import type { BundleStore } from "./bundle-store.ts";

export class FolderStore implements BundleStore {
  readonly place: string;

  /** @param folder absolute; made when it is needed */
  constructor(folder: string) {
    this.place = folder;
  }

  put(key: string, file: string): Promise<void> {
    return this.#place(key, (draft) => copyFile(file, draft));
  }

  putText(key: string, text: string): Promise<void> {
    return this.#place(key, (draft) => writeFile(draft, text, { mode: 0o600 }));
  }

  async read(key: string): Promise<Readable | undefined> {
    try {
      const handle = await open(this.#path(key));
      return createReadStream("", { fd: handle, autoClose: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  async #place(key: string, write: (draft: string) => Promise<void>): Promise<void> {
    const target = this.#path(key);
    await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
    await write(`${target}.new`);
    await rename(`${target}.new`, target);
  }

  #path(key: string): string {
    const target = path.join(this.place, key);
    if (!target.startsWith(this.place + path.sep))
      throw new Error(`${key} leads out of the folder`);
    return target;
  }
}
