/** ComfyUI's three folders (`input`, `output`, `temp`), and the only ways into them. */
import { mkdir, readdir } from "node:fs/promises";
import path from "node:path";

/** ComfyUI's `type` of a file. */
export const folderTypes = ["input", "output", "temp"] as const;
export type FolderType = (typeof folderTypes)[number];

/** A file as ComfyUI's outputs name it. */
export interface SavedFile {
  readonly filename: string;
  readonly subfolder: string;
  readonly type: FolderType;
}

/** The three folders below a base directory. */
export class Folders {
  private readonly base: string;

  constructor(baseDirectory: string) {
    this.base = path.resolve(baseDirectory);
  }

  async create(): Promise<void> {
    await Promise.all(folderTypes.map((type) => mkdir(this.root(type), { recursive: true })));
  }

  root(type: FolderType): string {
    return path.join(this.base, type);
  }

  /** The absolute path of `relative` below the folder, or undefined when it leads out of it. */
  confined(type: FolderType, ...relative: string[]): string | undefined {
    const root = this.root(type);
    if (relative.some((part) => part.includes("\0"))) return undefined;
    const absolute = path.resolve(root, ...relative);
    return absolute === root || absolute.startsWith(root + path.sep) ? absolute : undefined;
  }

  /** The names of the files directly in the folder, sorted; what `LoadImage` offers for `input`. */
  async files(type: FolderType): Promise<string[]> {
    const entries = await readdir(this.root(type), { withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name)
      .sort();
  }

  /**
   * Where the next file of a prefix goes: the prefix's folders become the subfolder, and the
   * counter is one more than the highest `name_NNNNN_` there.
   * Throws an Error with ComfyUI's words when the prefix leads out of the folder.
   */
  async nextFile(type: FolderType, prefix: string): Promise<NextFile> {
    const normalized = path.normalize(prefix);
    const subfolder = path.dirname(normalized) === "." ? "" : path.dirname(normalized);
    const name = path.basename(normalized);
    const directory = this.confined(type, subfolder);
    if (directory === undefined) {
      throw new Error(
        `**** ERROR: Saving image outside the output folder is not allowed.\n` +
          ` full_output_folder: ${path.resolve(this.root(type), subfolder)}\n` +
          `         output_dir: ${this.root(type)}\n         commonpath: ${this.base}`,
      );
    }
    await mkdir(directory, { recursive: true });
    const taken = (await readdir(directory)).map((file) => counterOf(file, name));
    return { directory, subfolder, name, counter: Math.max(0, ...taken) + 1 };
  }
}

export interface NextFile {
  readonly directory: string;
  readonly subfolder: string;
  readonly name: string;
  readonly counter: number;
}

/** `prefix_00001_.png`. */
export const numberedName = (name: string, counter: number, extension: string): string =>
  `${name}_${String(counter).padStart(5, "0")}_.${extension}`;

function counterOf(file: string, name: string): number {
  if (!file.startsWith(`${name}_`)) return 0;
  const digits = /^\d+/.exec(file.slice(name.length + 1))?.[0];
  return digits === undefined ? 0 : Number(digits);
}
