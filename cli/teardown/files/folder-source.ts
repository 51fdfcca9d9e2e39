/** Participants' files in a stack's data folder on this machine. */
import { createReadStream } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import type { FileSource, ParticipantFile } from "./source.ts";

export class FolderSource implements FileSource {
  readonly place: string;

  /** @param dataDirectory holds `files/` and `userdata/` */
  constructor(dataDirectory: string) {
    this.place = dataDirectory;
  }

  async list(user: string): Promise<ParticipantFile[]> {
    const trees = Object.entries(this.#roots(user)).map(([name, root]) => listTree(name, root));
    return (await Promise.all(trees)).flat();
  }

  open(user: string, { path: place }: ParticipantFile): Promise<Readable> {
    const [name = "", ...rest] = place.split("/");
    const root = this.#roots(user)[name];
    if (root === undefined) throw new Error(`${place} was not listed`);
    return Promise.resolve(createReadStream(path.join(root, ...rest)));
  }

  #roots(user: string): Record<string, string> {
    return {
      outputs: path.join(this.place, "files", "outputs", user),
      workflows: path.join(this.place, "userdata", user, "workflows"),
    };
  }
}

/** Files below a folder; hidden ones are unfinished or the editor's own, links lead elsewhere. */
async function listTree(name: string, root: string): Promise<ParticipantFile[]> {
  const files: ParticipantFile[] = [];
  const waiting = [""];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const entry of await entriesOf(path.join(root, folder))) {
      if (entry.name.startsWith(".")) continue;
      const place = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) waiting.push(place);
      if (!entry.isFile()) continue;
      const { size: bytes, mtime: modified } = await lstat(path.join(root, place));
      files.push({ path: `${name}/${place}`, bytes, modified });
    }
  }
  return files;
}

/** A participant who never saved anything has no folder. Every other fault is one. */
async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
