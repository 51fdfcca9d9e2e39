/** What every client program is given and what it hands back; the libraries are in the others. */
/* global structuredClone */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** `link`: the personal link; `graphs`; `picture`: a PNG to upload; `output`: a folder for results. */
export const task = JSON.parse(readFileSync(process.argv[2], "utf8"));

/** A personal link is `http://host/user001/?token=…`: the address without, and the token. */
export function openLink(link) {
  const url = new URL(link);
  const address = url.origin + url.pathname.replace(/\/$/, "");
  return {
    address,
    host: url.host,
    base: url.pathname.slice(0, -1),
    token: url.searchParams.get("token"),
  };
}

export const picture = () => readFileSync(task.picture);

/** The graph that turns the uploaded picture into its negative. */
export function negativeOf({ name, subfolder }) {
  const graph = structuredClone(task.graphs.negative);
  graph["21"].inputs.image = subfolder ? `${subfolder}/${name}` : name;
  return graph;
}

export function save(name, bytes) {
  writeFileSync(path.join(task.output, name), Buffer.from(bytes));
}

/** Hands the findings back and ends, whatever timers the library still has. */
export function report(findings) {
  writeFileSync(path.join(task.output, "report.json"), JSON.stringify(findings));
  process.exit(0);
}
