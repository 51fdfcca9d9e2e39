/** The environment that makes the engine work on this checkout, for us and for plain `pulumi`. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { repository } from "../../components/installation.ts";
import { workDirectory } from "../../stacks/places.ts";
import { passphraseEnvironment } from "./passphrase.ts";

/** State of all stacks when the user has not chosen a backend of their own. */
export const stateDirectory = path.join(workDirectory, "state");

/** Stand-in for the analyzer host that a built engine lacks; a standard installation's goes first. */
const analyzerHost = path.join(repository, "tools", "engine", "bin");

export function engineEnvironment(): Record<string, string> {
  return {
    ...(process.env.PULUMI_BACKEND_URL ? {} : { PULUMI_BACKEND_URL: ownBackend() }),
    ...passphraseEnvironment(),
    // The plugins look for the project's own Node.
    COMFYMULTI_NODE: process.execPath,
    PULUMI_SKIP_UPDATE_CHECK: "1",
    // The loader of policy packs would leave a cache in the temporary folder.
    TS_NODE_CACHE: "false",
    // An Output in a string is a mistake that must not reach a service's settings.
    PULUMI_ERROR_OUTPUT_STRING: "1",
    PATH: [process.env.PATH, path.dirname(process.execPath), analyzerHost].join(path.delimiter),
  };
}

function ownBackend(): string {
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  return `file://${stateDirectory}`;
}
