/** Where a stack's upgrade records lie. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { stackDirectories } from "../../stacks/places.ts";
import { VisibleError } from "../visible-error.ts";
import { recordSchema, type UpgradeRecord } from "./record.ts";
import { writeWhole } from "./settings-file.ts";

export interface RecordStore {
  /** For people. */
  readonly place: string;
  /** Newest first. @throws VisibleError when one can't be understood */
  list(): Promise<UpgradeRecord[]>;
  /** Replaces it whole. */
  write(record: UpgradeRecord): Promise<void>;
}

/** A folder of this machine, one file a record. */
export class FolderRecordStore implements RecordStore {
  readonly place: string;

  constructor(folder: string) {
    this.place = folder;
  }

  list(): Promise<UpgradeRecord[]> {
    if (!existsSync(this.place)) return Promise.resolve([]);
    const files = readdirSync(this.place).filter((name) => name.endsWith(".json"));
    const newest = files.toSorted().reverse();
    return Promise.resolve(newest.map((name) => readRecord(path.join(this.place, name))));
  }

  write(record: UpgradeRecord): Promise<void> {
    mkdirSync(this.place, { recursive: true, mode: 0o700 });
    const file = path.join(this.place, `${record.id}.json`);
    writeWhole(file, `${JSON.stringify(record, null, 2)}\n`);
    return Promise.resolve();
  }
}

export const recordFolder = (stack: string): string =>
  path.join(stackDirectories(stack).data, "upgrades");

function readRecord(file: string): UpgradeRecord {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof z.ZodError)) throw error;
    throw new VisibleError(
      `The upgrade record ${file} can't be understood: move it away, then run the same command again.`,
      { cause: error },
    );
  }
}
