/**
 * `npm start`, `npm stop`, `npm test` and `npm run bench`: provides what the command needs, then
 * runs it on the project's own Node. Runs itself on any Node from 20 on, without dependencies.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import path from "node:path";
import { provideDependencies } from "./dependencies.mjs";
import { provideDocker } from "./docker.mjs";
import { provideEngine } from "./engine.mjs";
import { provideLanguageHost } from "./language-host.mjs";
import { tryLock, waitForLock } from "./lock.mjs";
import { provideMonitoring } from "./monitoring.mjs";
import { provideNode } from "./node.mjs";
import { provideObjectStore } from "./object-store.mjs";
import {
  cacheDirectory,
  compiledCode,
  engineVersion,
  repository,
  workDirectory,
} from "./places.mjs";
import { printFault, step } from "./progress.mjs";
import { SetupError } from "./setup-error.mjs";
import {
  chromium,
  debootstrap,
  lego,
  nginx,
  pebble,
  provideProgram,
  redisServer,
  registry,
  restic,
  shellcheck,
} from "./system-package.mjs";

/** What each command runs once everything is there. `alone`: one at a time in this checkout. */
const commands = {
  setup: { alone: true, program: undefined },
  start: { alone: true, program: ["cli/main.ts", "start"] },
  stop: { alone: true, program: ["cli/main.ts", "stop"] },
  test: { alone: false, program: ["node_modules/vitest/vitest.mjs", "run"], browser: true },
  bench: { alone: false, program: ["bench/run.ts"], browser: false },
};

async function main() {
  const [name, ...args] = process.argv.slice(2);
  const command = commands[name];
  if (!command) {
    throw new SetupError(
      `There is no command "${name}": use one of ${Object.keys(commands).join(", ")}.`,
    );
  }
  if (command.alone) {
    const lock = tryLock(path.join(workDirectory, "command.lock"), `npm ${name}`);
    if ("holder" in lock) {
      const { purpose, pid, since } = lock.holder;
      throw new SetupError(
        `${purpose} (pid ${pid}, since ${since}) is at work in this folder: wait for it to end, or stop it there with Ctrl-C, and run npm ${name} again.`,
      );
    }
  }
  console.log("Set-up");
  const tools = await setUp(command);
  if (!command.program) return 0;
  return await runOn(tools, [...command.program, ...args]);
}

async function setUp({ browser }) {
  const cacheLock = await waitForLock(
    path.join(cacheDirectory, "setup.lock"),
    "another set-up",
    (line) => console.log(`  · ${line}`),
  );
  try {
    const node = await step("Node", provideNode);
    await step("Dependencies", (report) => provideDependencies(node, report));
    // What is built keeps the processor busy, what is installed the network.
    const [redis, engine] = await allOf([
      step("Redis", (report) => provideProgram(redisServer, report)),
      step(`Pulumi engine ${engineVersion}`, provideEngine),
    ]);
    const extra = [];
    if (browser) {
      const [languageHost] = await allOf([buildForTests(engine), installForTests()]);
      extra.push(languageHost);
    }
    return { node, redis, engine, extra };
  } finally {
    cacheLock.release();
  }
}

async function buildForTests(engine) {
  const languageHost = await step("Language host", (report) => provideLanguageHost(engine, report));
  await step("Object store", provideObjectStore);
  return languageHost;
}

/** One after the other: the system has one package manager. */
async function installForTests() {
  const programs = [
    ["Chromium", chromium],
    ["nginx", nginx],
    ["Shellcheck", shellcheck],
    ...(process.getuid?.() === 0 ? [["Debootstrap", debootstrap]] : []),
    ...[restic, lego, pebble, registry].map((program) => [program.program, program]),
  ];
  for (const [title, program] of programs) {
    await step(title, (report) => provideProgram(program, report));
  }
  await step("Monitoring", provideMonitoring);
  await step("Docker", provideDocker);
}

/**
 * Like Promise.all, but a fault waits for the others: nothing goes on behind a command that has ended.
 *
 * @template {unknown[]} T
 * @param {{ [Key in keyof T]: Promise<T[Key]> }} works
 * @returns {Promise<T>}
 */
async function allOf(works) {
  await Promise.allSettled(works);
  return Promise.all(works);
}

/** Runs the command in our place: its exit code is ours, and Ctrl-C reaches it first. */
function runOn({ node, redis, engine, extra }, args) {
  const folders = [node, engine, redis].map((file) => path.dirname(file));
  const child = spawn(node, args, {
    cwd: repository,
    stdio: "inherit",
    env: {
      ...process.env,
      ...compiledCode,
      COMFYMULTI_NODE: node,
      COMFYMULTI_LANGUAGE_HOST: extra[0] ?? "",
      PATH: [...new Set(folders), process.env.PATH].join(path.delimiter),
    },
  });
  // The terminal sends Ctrl-C to the child as well: it ends in good order, we wait for it.
  process.removeListener("SIGINT", stopSetUp);
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

function stopSetUp() {
  console.error("\nStopped. Run the same command again: it goes on from here.");
  process.exit(130);
}

process.on("SIGINT", stopSetUp);

try {
  process.exitCode = await main();
} catch (error) {
  printFault(error);
  process.exitCode = 1;
}
