/**
 * Where a user's files lie, and how a name from outside becomes a path inside.
 * `DATA_DIRECTORY/{inputs,outputs,temp}/<user>/<subfolder>/<filename>`; nothing else is reachable.
 */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { UserId } from "@comfymulti/queue";
import { errors } from "../errors.ts";

export const fileTypes = ["output", "input", "temp"] as const;
/** ComfyUI's name of one of a user's three folders. */
export type FileType = (typeof fileTypes)[number];

const FOLDERS: Readonly<Record<FileType, string>> = {
  output: "outputs",
  input: "inputs",
  temp: "temp",
};

/** Names that ComfyUI could have made: no separator, no control character, no leading dot. */
const SEGMENT = /^(?!\.)[^/\\\p{Cc}]{1,255}$/u;
const LONGEST_SUBFOLDER = 1024;

export interface FileName {
  readonly type: FileType;
  /** Relative, `/` between folders, empty for none. */
  readonly subfolder: string;
  readonly filename: string;
}

/** Checks type, subfolder and filename from a request. Throws 400 in words for anything unusual. */
export function parseFileName(given: {
  readonly type?: string | undefined;
  readonly subfolder?: string | undefined;
  readonly filename: string;
}): FileName {
  const type = fileTypes.find((known) => known === given.type);
  if (!type) throw errors.badRequest("type must be output, input or temp.");
  if (!isSegment(given.filename)) {
    throw errors.badRequest("filename must be a plain file name without folders.");
  }
  return { type, subfolder: parseSubfolder(given.subfolder ?? ""), filename: given.filename };
}

/** A relative folder, cleaned of empty parts. Throws 400 for absolute paths, `..` and hidden names. */
export function parseSubfolder(subfolder: string): string {
  const segments = subfolder.split("/").filter((segment) => segment !== "");
  const relative = segments.join("/");
  if (
    subfolder.startsWith("/") ||
    relative.length > LONGEST_SUBFOLDER ||
    !segments.every(isSegment)
  ) {
    throw errors.badRequest("subfolder must be a relative folder without '..'.");
  }
  return relative;
}

const isSegment = (name: string) => SEGMENT.test(name) && Buffer.byteLength(name) <= 255;

/** One place for the three folders of every user. */
export class UserFiles {
  /** Absolute. */
  readonly dataDirectory: string;

  constructor(dataDirectory: string) {
    this.dataDirectory = path.resolve(dataDirectory);
  }

  /** The user's folder of this type; it may not exist yet. */
  root(user: UserId, type: FileType): string {
    return path.join(this.dataDirectory, FOLDERS[type], user);
  }

  /** Absolute path of a parsed name. */
  path(user: UserId, name: FileName): string {
    return path.join(this.root(user, name.type), name.subfolder, name.filename);
  }

  /** Where unfinished files are written: on the same filesystem, so that placing one is a link. */
  async partialDirectory(): Promise<string> {
    const directory = path.join(this.dataDirectory, "partial");
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return directory;
  }
}
