/** The description of the host's API: true, valid, and the one that is committed. */
import { fileURLToPath } from "node:url";
import { Validator } from "@seriousme/openapi-schema-validator";
import { format, resolveConfig } from "prettier";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startGateway, TOKENS, type TestGateway } from "./gateway.ts";
import { Host } from "./host.ts";

const COMMITTED = fileURLToPath(new URL("../openapi.json", import.meta.url));
const REGENERATE =
  "openapi.json is not what the service tells; write it anew with: npx vitest run --project unit services/queue-manager/test/admin-openapi.test.ts -u";

interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly responses: Readonly<Record<string, object>>;
}

interface Description {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

let gateway: TestGateway;
let description: Description;
beforeAll(async () => {
  gateway = await startGateway();
  description = await new Host(gateway).get<Description>("/openapi.json");
});
afterAll(() => gateway.close());

/** Every route, with something in the place of its parameters. */
const operations = () =>
  Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      url: `${gateway.origin}${path.replaceAll(/\{\w+\}/g, "user001")}`,
      method,
      operation,
    })),
  );

test("the committed description is the one that is served", async () => {
  const text = await format(JSON.stringify(description), {
    ...(await resolveConfig(COMMITTED)),
    parser: "json",
  });
  await expect(text, REGENERATE).toMatchFileSnapshot(COMMITTED);
});

test("it is valid OpenAPI 3.1", async () => {
  expect(description.openapi).toMatch(/^3\.1\./);
  const result = await new Validator().validate(COMMITTED);
  expect(result.errors).toBeUndefined();
  expect(result.valid).toBe(true);
});

test("it describes every route, with its refusals", () => {
  expect(operations().map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      "GET /api/v1/queue",
      "POST /api/v1/queue/pause",
      "GET /api/v1/jobs",
      "POST /api/v1/jobs/cancel",
      "POST /api/v1/jobs/{id}/retry",
      "POST /api/v1/jobs/{id}/reprioritise",
      "GET /api/v1/jobs/{id}/workflow",
      "GET /api/v1/events",
      "GET /api/v1/health",
      "GET /api/v1/metrics",
      "GET /api/v1/openapi.json",
    ]),
  );
  for (const { name, operation } of operations()) {
    expect.soft(operation.summary, `${name}: summary`).toBeTruthy();
    expect.soft(operation.responses, `${name}: answers`).toHaveProperty("200");
    expect.soft(operation.responses, `${name}: refusals`).toHaveProperty("4XX");
  }
});

test.each([
  ["no token", {}],
  ["a participant's token", { authorization: `Bearer ${TOKENS.alice}` }],
  ["a worker's token", { authorization: `Bearer ${TOKENS.worker}` }],
])("every route refuses %s", async (_who, headers: Record<string, string>) => {
  const own = await startGateway({ worker: false });
  try {
    for (const { name, url, method } of operations()) {
      const there = url.replace(gateway.origin, own.origin);
      const response = await fetch(there, { method, headers });
      // After many wrong tokens from one address: too many.
      expect.soft([401, 429], name).toContain(response.status);
      await response.body?.cancel();
    }
  } finally {
    await own.close();
  }
});
