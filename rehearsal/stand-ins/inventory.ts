/**
 * What the stand-ins made: one JSON file a stack, for people to read and to edit. An edit is drift,
 * a removed entry is a resource that is gone; the engine learns of both when it refreshes.
 */
import * as rpc from "@pulumi/pulumi/runtime/rpc.js";
import { readdirSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { exclusively, readJson, writeJson } from "./locked-file.ts";
import type { ResourceName } from "./resource-name.ts";

const SUFFIX = ".inventory.json";
/** Stands for a secret's text, which no file of a rehearsal holds. */
export const SECRET = "[secret]";

const entrySchema = z.strictObject({
  type: z.string(),
  name: z.string(),
  id: z.string(),
  /** Inputs and outputs. */
  properties: z.record(z.string(), z.unknown()),
});
const inventorySchema = z.strictObject({
  project: z.string(),
  stack: z.string(),
  resources: z.array(entrySchema),
});
export type InventoryEntry = z.infer<typeof entrySchema>;
export type Inventory = z.infer<typeof inventorySchema>;

/** Inventories of all stacks of a rehearsal, by file name. */
export function readInventory(directory: string): Inventory[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith(SUFFIX))
    .sort()
    .map((name) => readFile(path.join(directory, name)))
    .filter((inventory) => inventory !== undefined);
}

/** The inventory of one stack, as the stand-ins use it. */
export class StackInventory {
  readonly #directory: string;
  readonly #file: string;
  readonly #empty: Inventory;

  constructor(directory: string, { project, stack }: ResourceName) {
    // Names of projects and stacks that the engine accepts; anything else could leave the folder.
    const safe = /^[A-Za-z0-9_-][\w.-]*$/;
    if (!safe.test(project) || !safe.test(stack)) {
      throw new Error(`there is no inventory for stack ${stack} of project ${project}`);
    }
    this.#directory = directory;
    this.#file = path.join(directory, `${project}.${stack}${SUFFIX}`);
    this.#empty = { project, stack, resources: [] };
  }

  find(type: string, id: string): InventoryEntry | undefined {
    return this.#read().resources.find((entry) => entry.type === type && entry.id === id);
  }

  /** Adds an entry, or replaces the one with its type and id. */
  async put(entry: InventoryEntry): Promise<void> {
    await this.#change((resources) => {
      const place = resources.findIndex(({ type, id }) => type === entry.type && id === entry.id);
      if (place < 0) return [...resources, entry];
      return resources.with(place, entry);
    });
  }

  async remove(type: string, id: string): Promise<void> {
    await this.#change((resources) =>
      resources.filter((entry) => entry.type !== type || entry.id !== id),
    );
  }

  async #change(change: (resources: InventoryEntry[]) => InventoryEntry[]): Promise<void> {
    await exclusively(this.#directory, () => {
      const inventory = this.#read();
      writeJson(this.#file, { ...inventory, resources: change(inventory.resources) });
    });
  }

  #read(): Inventory {
    return readFile(this.#file) ?? this.#empty;
  }
}

function readFile(file: string): Inventory | undefined {
  const content = readJson(file);
  if (content === undefined) return undefined;
  const parsed = inventorySchema.safeParse(content);
  if (parsed.success) return parsed.data;
  throw new Error(`${file} is no inventory any more: ${z.prettifyError(parsed.error)}`);
}

/** Properties as they stand in an inventory. */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== "object" || value === null) return value;
  const properties = value as Record<string, unknown>;
  if (properties[rpc.specialSigKey] === rpc.specialSecretSig) return SECRET;
  return Object.fromEntries(
    Object.entries(properties).map(([key, part]) => [key, withoutSecrets(part)]),
  );
}

/** What an inventory says, with the secrets that the engine knows put back in their places. */
export function withSecretsOf(found: unknown, known: unknown): unknown {
  if (found === SECRET) return known;
  if (Array.isArray(found)) {
    const parts: unknown[] = Array.isArray(known) ? known : [];
    return found.map((part, index) => withSecretsOf(part, parts[index]));
  }
  if (typeof found !== "object" || found === null) return found;
  const parts = typeof known === "object" && known !== null ? known : {};
  return Object.fromEntries(
    Object.entries(found).map(([key, part]) => [
      key,
      withSecretsOf(part, (parts as Record<string, unknown>)[key]),
    ]),
  );
}
