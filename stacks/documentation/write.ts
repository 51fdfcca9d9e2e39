/** `node stacks/documentation/write.ts`: writes docs/configuration.md anew. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { format } from "prettier";
import { repository } from "../../components/installation.ts";
import { renderConfiguration } from "./render.ts";

writeFileSync(
  path.join(repository, "docs", "configuration.md"),
  await format(renderConfiguration(), { parser: "markdown", printWidth: 120 }),
);
