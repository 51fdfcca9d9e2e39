/** Prints the folder of the project's own Node, for shell scripts that put it on PATH. */
import path from "node:path";
import { findNode } from "./node.mjs";

const node = findNode();
if (!node) {
  console.error("The project's Node is not there yet: run npm run setup first.");
  process.exit(1);
}
console.log(path.dirname(node));
