import { readFileSync } from "node:fs";
import path from "node:path";
import { format } from "prettier";
import { expect, it } from "vitest";
import { repository } from "../../components/installation.ts";
import { commentsOf } from "./comments.ts";
import { renderConfiguration } from "./render.ts";

it("docs/configuration.md is what the schemas say (node stacks/documentation/write.ts writes it)", async () => {
  const written = readFileSync(path.join(repository, "docs", "configuration.md"), "utf8");
  expect(written).toBe(
    await format(renderConfiguration(), { parser: "markdown", printWidth: 120 }),
  );
});

it("every setting of every stack has a comment that says what it means", () => {
  const silent = renderConfiguration()
    .split("\n")
    .filter((line) => /^\| `[^`]+` \|\s+\|/.test(line));
  expect(silent).toEqual([]);
});

it("a constant that is not there is a fault, not an empty table", () => {
  expect(() => commentsOf("stacks/cloud-settings.ts", "nothing")).toThrow(/no constant nothing/);
});
