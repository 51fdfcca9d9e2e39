import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import { wrapSecret } from "../../components/provider-plugin/wire.ts";
import { meetFault, setFaults } from "./faults.ts";
import {
  readInventory,
  StackInventory,
  withoutSecrets,
  withSecretsOf,
  type InventoryEntry,
} from "./inventory.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "comfymulti-inventory-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const container = "docker:index/container:Container";
const resource = { project: "project", stack: "stack", type: container, name: "queue" };
const entry = (id: string): InventoryEntry => ({
  type: container,
  name: "queue",
  id,
  properties: {},
});

it("keeps what several plugins write at once", async () => {
  const program = `
    import { StackInventory } from ${JSON.stringify(path.join(import.meta.dirname, "inventory.ts"))};
    const [directory, mark] = process.argv.slice(1);
    const inventory = new StackInventory(directory, ${JSON.stringify(resource)});
    await Promise.all(Array.from({ length: 10 }, (_, index) => inventory.put(
      { type: "a", name: "b", id: mark + index, properties: {} })));`;
  const plugin = (mark: string) =>
    promisify(execFile)(process.execPath, ["--input-type=module", "-e", program, directory, mark]);
  await Promise.all(["x", "y", "z"].map(plugin));
  expect(readInventory(directory)[0]?.resources).toHaveLength(30);
});

it("replaces an entry in its place, and removes it", async () => {
  const inventory = new StackInventory(directory, resource);
  for (const id of ["1", "2"]) await inventory.put(entry(id));
  await inventory.put({ ...entry("1"), properties: { image: "a" } });
  expect(inventory.find(container, "1")?.properties).toEqual({ image: "a" });
  expect(readInventory(directory)[0]?.resources.map(({ id }) => id)).toEqual(["1", "2"]);
  await inventory.remove(container, "1");
  expect(inventory.find(container, "1")).toBeUndefined();
});

it("refuses a stack whose name would leave the folder", () => {
  expect(() => new StackInventory(directory, { ...resource, stack: "../other" })).toThrow(
    "there is no inventory for stack ../other",
  );
});

it("says which file somebody broke", () => {
  const file = path.join(directory, "project.stack.inventory.json");
  writeFileSync(file, "{");
  expect(() => readInventory(directory)).toThrow(`${file} is not JSON`);
  writeFileSync(file, '{"resources":{}}');
  expect(() => readInventory(directory)).toThrow(`${file} is no inventory any more`);
});

it("hides secrets at any depth, and gives them back to who knows them", () => {
  const known = { envs: [wrapSecret("A=1"), "B=2"], connection: wrapSecret({ password: "p" }) };
  const written = withoutSecrets(known);
  expect(written).toEqual({ envs: ["[secret]", "B=2"], connection: "[secret]" });
  expect(withSecretsOf(written, known)).toEqual(known);
  const edited = { envs: ["[secret]", "B=3"], connection: "[secret]" };
  expect(withSecretsOf(edited, known)).toEqual({ ...known, envs: [wrapSecret("A=1"), "B=3"] });
});

it("lets a fault happen as often as it was asked for, and to what fits alone", async () => {
  await setFaults(directory, [{ type: "docker:*", operation: "create", kind: "error", times: 2 }]);
  await meetFault(directory, "update", resource);
  await meetFault(directory, "create", { ...resource, type: "cloudflare:index/r2Bucket:R2Bucket" });
  for (let time = 0; time < 2; time++) {
    await expect(meetFault(directory, "create", resource)).rejects.toThrow(
      "create of queue: a fault",
    );
  }
  await meetFault(directory, "create", resource);
  expect(readFileSync(path.join(directory, "faults.json"), "utf8")).toContain('"times": 0');
});
