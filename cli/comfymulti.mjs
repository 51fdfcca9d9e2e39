#!/usr/bin/env node
/** `npx comfymulti …` on any Node from 20 on: goes over to the project's own Node. */
import { spawnSync } from "node:child_process";
import path from "node:path";
import { dependenciesAreInstalled } from "../tools/setup/dependencies.mjs";
import { findEngine } from "../tools/setup/engine.mjs";
import { findNode } from "../tools/setup/node.mjs";
import { compiledCode } from "../tools/setup/places.mjs";

const node = findNode();
const engine = await findEngine();
if (!node || !engine || !dependenciesAreInstalled()) {
  console.error("This checkout is not set up yet: run npm start (or npm run setup) first.");
  process.exit(1);
}
const folders = [path.dirname(node), path.dirname(engine.file), process.env.PATH];
const result = spawnSync(
  node,
  [path.join(import.meta.dirname, "main.ts"), ...process.argv.slice(2)],
  {
    stdio: "inherit",
    env: {
      ...process.env,
      ...compiledCode,
      COMFYMULTI_NODE: node,
      PATH: folders.join(path.delimiter),
    },
  },
);
process.exit(result.status ?? 1);
