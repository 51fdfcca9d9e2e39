/** Provides the project's own Node where the machine's is older. */
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { atLeast, run } from "./command.mjs";
import { cacheDirectory, nodeVersion } from "./places.mjs";
import { SetupError } from "./setup-error.mjs";

/** Type stripping is stable from here on; everything runs on it, without a build step. */
const OLDEST_NODE = "24.12.0";

const cachedNode = path.join(cacheDirectory, "node", nodeVersion, "bin", "node");

/**
 * The Node that the project runs on, if it is there already.
 *
 * @returns {string | undefined}
 */
export function findNode() {
  if (atLeast(process.version, OLDEST_NODE)) return process.execPath;
  return existsSync(cachedNode) ? cachedNode : undefined;
}

/** How npm is called: the npm that runs us, whatever Node it was made for. */
export function npmCommand(node = process.execPath) {
  const npm = process.env.npm_execpath;
  return npm?.endsWith(".js") ? { file: node, prefix: [npm] } : { file: "npm", prefix: [] };
}

/**
 * @param {(line: string) => void} report
 * @returns {Promise<{ value: string, note: string }>} path of the Node to use
 */
export async function provideNode(report) {
  const found = findNode();
  if (found === process.execPath)
    return { value: found, note: `this machine's ${process.version}` };
  if (found) return { value: found, note: `${nodeVersion} from ${path.dirname(found)}` };

  const packageName = `node-${process.platform}-${process.arch}`;
  report(`this machine has ${process.version}; fetching ${nodeVersion} from npm (about 10 s)`);
  const target = path.join(cacheDirectory, "node", nodeVersion);
  const partial = `${target}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  try {
    const npm = npmCommand();
    const result = await run(
      npm.file,
      [
        ...npm.prefix,
        ...["install", "--prefix", partial, "--no-save", "--ignore-scripts", "--no-package-lock"],
        ...["--no-audit", "--no-fund", `${packageName}@${nodeVersion}`],
      ],
      { cwd: partial, timeoutSeconds: 600 },
    );
    const binary = path.join(partial, "node_modules", packageName, "bin", "node");
    if (result.code !== 0 || !existsSync(binary)) {
      throw new SetupError(
        `Node ${nodeVersion} could not be fetched from the npm registry: check the network and run the same command again, or install Node ${OLDEST_NODE} or newer yourself (https://nodejs.org).`,
        { log: result.tail },
      );
    }
    rmSync(target, { recursive: true, force: true });
    renameSync(path.join(partial, "node_modules", packageName), target);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return { value: cachedNode, note: `${nodeVersion} fetched into ${target}` };
}
