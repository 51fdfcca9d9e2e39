/** A stand-in plugin: `main.ts <provider> <engine address>`, started by the scripts beside it. */
import { main } from "@pulumi/pulumi/provider/index.js";
import { z } from "zod";
import { listenForConfiguration } from "./provider-configuration.ts";
import { standInProvider } from "./provider.ts";
import { realityOf } from "./reality.ts";
import { standInNames } from "./schemas/declared-types.ts";
import { readSchema } from "./schemas/schema.ts";
import { readReal, rehearsalDirectory } from "./settings.ts";

// The engine shows what a plugin writes, and a stack trace tells nobody what to change.
Error.stackTraceLimit = 0;

const [name, ...args] = process.argv.slice(2);

// An engine that is killed does not tell its plugins; a plugin without its engine has no work.
const engine = Number(process.env.COMFYMULTI_ENGINE_PID ?? process.ppid);
setInterval(() => {
  if (process.ppid !== engine) process.exit(1);
}, 500).unref();

try {
  const provider = z.enum(standInNames).parse(name);
  const reality = realityOf(provider, readReal(), listenForConfiguration());
  await main(standInProvider(rehearsalDirectory(), readSchema(provider), reality), args);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(78);
}
