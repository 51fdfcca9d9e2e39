/** Participants' own workflows: of a folder, or of the running stack. */
import { text } from "node:stream/consumers";
import { readPlatform } from "../platform.ts";
import { FolderSource } from "../teardown/files/folder-source.ts";
import { GatewaySource } from "../teardown/files/gateway-source.ts";
import { Gateway } from "../teardown/gateway.ts";
import { graphFiles } from "../workflows/graph-files.ts";
import type { StoredGraph } from "./stored-graphs.ts";

/** Word for the stack itself, instead of a folder. */
export const RUNNING = "running";

/** Larger ones are no graphs that anybody draws, bytes. */
const MOST_BYTES = 32 * 1024 * 1024;

/** @throws VisibleError when the folder is not there or the stack is not up */
export async function savedGraphs(
  stackName: string,
  saved: string,
  signal: AbortSignal,
): Promise<StoredGraph[]> {
  if (saved !== RUNNING) return graphFiles([saved]).map(({ name, json }) => ({ name, json }));
  const platform = await readPlatform(stackName);
  const source = platform.directories
    ? new FolderSource(platform.directories.data)
    : new GatewaySource(new Gateway(platform.admin, signal));
  const graphs: StoredGraph[] = [];
  for (const { id } of platform.users) {
    for (const file of await source.list(id)) {
      const isGraph = file.path.startsWith("workflows/") && file.path.endsWith(".json");
      if (!isGraph || file.bytes > MOST_BYTES) continue;
      const content = await text(await source.open(id, file));
      graphs.push({
        name: `${id}: ${file.path.slice("workflows/".length)}`,
        json: parsed(content),
      });
    }
  }
  return graphs;
}

function parsed(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}
