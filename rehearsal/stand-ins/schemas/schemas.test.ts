/** The schemas in git against the installed packages. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { declaredTypes, standInNames } from "./declared-types.ts";
import { readSchema, schemaFile } from "./schema.ts";
import { schemaText } from "./schema-text.ts";

it.each(standInNames)(
  "%s.json is what the generator makes of the installed package",
  async (name) => {
    const advice = "run node rehearsal/stand-ins/schemas/generate.ts";
    expect(readFileSync(schemaFile(name), "utf8"), advice).toBe(await schemaText(name));
  },
);

it.each(standInNames)("%s.json holds every listed type, with its properties", (name) => {
  const { resources, functions } = readSchema(name);
  expect(Object.keys(resources)).toEqual(declaredTypes[name].resources);
  expect(Object.keys(functions)).toEqual(declaredTypes[name].functions);
  for (const [token, { inputs }] of Object.entries(resources)) {
    expect(Object.keys(inputs.properties).length, token).toBeGreaterThan(0);
  }
});

it("takes required properties, nested types, enumerations and defaults from the declarations", () => {
  const container = readSchema("docker").resources["docker:index/container:Container"];
  expect(container?.inputs.required).toEqual(["image"]);
  expect(container?.inputs.properties).toMatchObject({
    ports: { type: "array", items: { $ref: "#/$defs/ContainerPort" } },
    mustRun: { type: "boolean", default: true },
    sysctls: { type: "object", additionalProperties: { type: "string" } },
  });
  expect(readSchema("docker").$defs["ContainerPort"]?.required).toEqual(["internal"]);
  const command = readSchema("command").resources["command:remote:Command"];
  expect(command?.inputs.properties["logging"]?.enum).toContain("stdoutAndStderr");
  expect(command?.secret).toEqual(["connection"]);
  const record = readSchema("cloudflare").resources["cloudflare:index/dnsRecord:DnsRecord"];
  expect(record?.inputs.properties["type"]?.enum).toContain("CAA");
});
