/**
 * The users' files on disk: `USERDATA_DIRECTORY/<user>/…`, the layout of ComfyUI's own `user/`
 * folder, so that files can be carried over from and to a full ComfyUI.
 *
 * A file is written beside (`.incoming/`, same disk), synced and renamed: a reader, a crash or a
 * full disk never leaves half of it. Writes of one user run one after the other, so that quota and
 * `overwrite=false` are decided on what is really there.
 */
import { randomUUID } from "node:crypto";
import { link, lstat, mkdir, open, rename, rm } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import type { Limits } from "../limits.ts";
import { Refusal } from "../refusal.ts";
import { listEntries } from "./listing.ts";
import type { Entry } from "./listing.ts";
import { Serial } from "./serial.ts";
import { ignoreMissing, resolveInside } from "./user-path.ts";

/** The settings have their own routes, which check them: no file of this name by the file routes. */
export const SETTINGS_FILE = "comfy.settings.json";

/** Not a user's name (those begin with a letter), so never served. */
const INCOMING = ".incoming";
/** No upload of a file takes this long. */
const ABANDONED_AFTER_SECONDS = 3600;

export interface FileInfo {
  readonly path: string;
  readonly size: number;
  readonly modified: number;
  readonly created: number;
}

export class UserFiles {
  readonly limits: Limits;
  readonly #root: string;
  readonly #serial = new Serial();

  constructor(root: string, limits: Limits) {
    this.#root = path.resolve(root);
    this.limits = limits;
  }

  /**
   * Creates the folders and drops what a crash left half received. Only old ones: while a version is
   * being rolled out, another process may serve other users out of the same folder.
   */
  async prepare(): Promise<void> {
    const incoming = path.join(this.#root, INCOMING);
    await mkdir(incoming, { recursive: true, mode: 0o700 });
    for (const entry of await listEntries(incoming, false)) {
      if (Date.now() / 1000 - entry.modified < ABANDONED_AFTER_SECONDS) continue;
      await rm(path.join(incoming, entry.path), { force: true });
    }
  }

  tooLarge(): Refusal {
    return new Refusal(413, `The file is larger than ${megabytes(this.limits.fileBytes)} MB.`);
  }

  folderOf(user: string): string {
    return path.join(this.#root, user);
  }

  /** Runs `work` while no other write of this user runs. Not to be nested. */
  exclusively<T>(user: string, work: () => Promise<T>): Promise<T> {
    return this.#serial.run(user, work);
  }

  /** Absolute path of an existing regular file, or undefined. */
  async find(user: string, name: string): Promise<string | undefined> {
    const file = await resolveInside(this.folderOf(user), name);
    const found = await lstat(file).catch(ignoreMissing);
    return found?.isFile() ? file : undefined;
  }

  /** What lies in a folder; `"missing"` or `"file"` where it can't be listed. */
  async list(
    user: string,
    folder: string,
    recurse: boolean,
  ): Promise<Entry[] | "missing" | "file"> {
    const root = this.folderOf(user);
    const target = folder === "" ? root : await resolveInside(root, folder);
    const found = await lstat(target).catch(ignoreMissing);
    if (!found) return folder === "" ? [] : "missing";
    if (!found.isDirectory()) return "file";
    return await listEntries(target, recurse);
  }

  /**
   * Stores a file.
   *
   * @throws Refusal 409 when it exists and `overwrite` is false, 413 when it is too large, 507 when
   *   the user's space is used up.
   */
  async store(
    user: string,
    name: string,
    content: Readable,
    overwrite: boolean,
  ): Promise<FileInfo> {
    const target = await this.#writable(user, name);
    const incoming = await this.#receive(content);
    try {
      return await this.exclusively(user, async () => {
        await this.#requireSpace(user, target, incoming.size);
        await mkdirInside(path.dirname(target));
        // `link` fails where the name is taken, also when another process took it just now.
        await (overwrite ? rename(incoming.file, target) : link(incoming.file, target)).catch(
          explainTaken,
        );
        await syncFolder(path.dirname(target));
        return await this.#info(user, target);
      });
    } finally {
      await rm(incoming.file, { force: true });
    }
  }

  /** Replaces a file with a small text while the caller holds `exclusively`. */
  async replace(user: string, name: string, text: string): Promise<void> {
    const target = await resolveInside(this.folderOf(user), name);
    const incoming = await this.#receive(Readable.from([Buffer.from(text)]));
    try {
      await this.#requireSpace(user, target, incoming.size);
      await mkdirInside(path.dirname(target));
      await rename(incoming.file, target);
      await syncFolder(path.dirname(target));
    } finally {
      await rm(incoming.file, { force: true });
    }
  }

  /** @throws Refusal 404 when there is no such file. */
  async remove(user: string, name: string): Promise<void> {
    const target = await this.#writable(user, name);
    await this.exclusively(user, async () => {
      if (!(await this.find(user, name))) throw new Refusal(404);
      await rm(target);
    });
  }

  /** @throws Refusal 404 when the source is missing, 409 when the target exists. */
  async move(user: string, from: string, to: string, overwrite: boolean): Promise<FileInfo> {
    const source = await this.#writable(user, from);
    const target = await this.#writable(user, to);
    return await this.exclusively(user, async () => {
      if (!(await this.find(user, from))) throw new Refusal(404);
      if (!overwrite && (await lstat(target).catch(ignoreMissing))) {
        throw new Refusal(409, "File already exists");
      }
      await this.#requireSpace(user, target, 0);
      await mkdirInside(path.dirname(target));
      await rename(source, target).catch(explainTaken);
      await syncFolder(path.dirname(target));
      return await this.#info(user, target);
    });
  }

  async #writable(user: string, name: string): Promise<string> {
    if (name === SETTINGS_FILE) {
      throw new Refusal(403, "Settings are changed in the settings dialog, not as a file.");
    }
    return await resolveInside(this.folderOf(user), name);
  }

  /** Takes the whole content in before anything of the user's is touched. */
  async #receive(content: Readable): Promise<{ file: string; size: number }> {
    const file = path.join(this.#root, INCOMING, randomUUID());
    let size = 0;
    try {
      const handle = await open(file, "wx", 0o600);
      try {
        // The stream is left open on a refusal: destroying it would cut the answer off as well.
        for await (const chunk of content.iterator({ destroyOnReturn: false })) {
          size += (chunk as Buffer).length;
          if (size > this.limits.fileBytes) throw this.tooLarge();
          await handle.writeFile(chunk as Buffer);
        }
        await handle.sync();
      } finally {
        await handle.close();
      }
    } catch (error) {
      await rm(file, { force: true });
      throw error;
    }
    return { file, size };
  }

  async #requireSpace(user: string, target: string, size: number): Promise<void> {
    const root = this.folderOf(user);
    const entries = (await lstat(root).catch(ignoreMissing)) ? await listEntries(root, true) : [];
    const others = entries.filter((entry) => path.join(root, entry.path) !== target);
    const used = others.reduce((sum, entry) => sum + (entry.type === "file" ? entry.size : 0), 0);
    if (used + size > this.limits.userBytes) {
      throw new Refusal(
        507,
        `Your space of ${megabytes(this.limits.userBytes)} MB is full: delete a workflow that you no longer need.`,
      );
    }
    if (others.length >= this.limits.userEntries) {
      throw new Refusal(
        507,
        `You have ${this.limits.userEntries} files, the most allowed: delete one that you no longer need.`,
      );
    }
  }

  async #info(user: string, file: string): Promise<FileInfo> {
    const found = await lstat(file);
    return {
      path: path.relative(this.folderOf(user), file),
      size: found.size,
      modified: found.mtimeMs / 1000,
      created: found.ctimeMs / 1000,
    };
  }
}

async function mkdirInside(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch(explainTaken);
}

/** A rename is only safe from a power cut once its folder is on the disk as well. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function explainTaken(error: unknown): never {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (code === "EEXIST") throw new Refusal(409, "File already exists");
  if (["EISDIR", "ENOTDIR", "ENOTEMPTY"].includes(code)) {
    throw new Refusal(409, "A folder and a file can't have the same name: choose another.");
  }
  throw error;
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1024 / 1024);
}
