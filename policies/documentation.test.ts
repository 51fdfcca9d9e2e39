import { expect, it } from "vitest";
import { readDocumentation, renderDocumentation } from "./documentation.ts";

it("docs/policies.md is what the rules are; else run: node policies/documentation.ts", async () => {
  expect(await readDocumentation()).toBe(await renderDocumentation());
});
