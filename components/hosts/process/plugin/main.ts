import * as pulumi from "@pulumi/pulumi";
import { main } from "@pulumi/pulumi/provider/index.js";
import { declarationType } from "../../../declaration/declaration-type.ts";
import { workerDrainType } from "../../../gpu/worker-drain-type.ts";
import { tokenType } from "../../../secrets/token-type.ts";
import { processType } from "./process-type.ts";
import { createProvider } from "../../../provider-plugin/provider.ts";
import { supervisorType } from "./supervisor-type.ts";

/** The provider plugin `comfymulti`. The engine starts it with its own address as last argument. */
const engineAddress = process.argv.at(-1) ?? "";

// Without this the log functions would print to stdout, where the engine expects the port alone.
pulumi.runtime.resetOptions("", "", -1, engineAddress, "", false, "");

// An engine that is killed does not tell its plugins; a plugin without its engine has no work.
// The shell that started us took its parent's pid at once; by now the engine may be gone already.
const engine = Number(process.env.COMFYMULTI_ENGINE_PID ?? process.ppid);
setInterval(() => {
  if (process.ppid !== engine) process.exit(1);
}, 500).unref();

await main(
  createProvider("0.1.0", [
    supervisorType,
    processType,
    tokenType,
    declarationType,
    workerDrainType,
  ]),
  process.argv.slice(2),
);
