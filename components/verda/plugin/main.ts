import * as pulumi from "@pulumi/pulumi";
import { main } from "@pulumi/pulumi/provider/index.js";
import { createProvider } from "../../provider-plugin/provider.ts";
import { acceptReadsWithoutProperties } from "../../provider-plugin/read-without-properties.ts";
import { connection } from "./connection.ts";
import { containerDeploymentType } from "./container-deployment-type.ts";
import { instanceType } from "./instance-type.ts";
import { secretType } from "./secret-type.ts";
import { sshKeyType } from "./ssh-key-type.ts";
import { startupScriptType } from "./startup-script-type.ts";
import { volumeType } from "./volume-type.ts";

/** The provider plugin `verda`. The engine starts it with its own address as last argument. */
const engineAddress = process.argv.at(-1) ?? "";

// Without this the log functions would print to stdout, where the engine expects the port alone.
pulumi.runtime.resetOptions("", "", -1, engineAddress, "", false, "");

// An engine that is killed does not tell its plugins, and what they went on to make, nobody would
// know of. The shell that started us took its parent's pid at once.
const engine = Number(process.env.COMFYMULTI_ENGINE_PID ?? process.ppid);
setInterval(() => {
  if (process.ppid !== engine) process.exit(1);
}, 200).unref();

acceptReadsWithoutProperties();
const connect = connection(process.env);
const types = [
  instanceType,
  volumeType,
  sshKeyType,
  startupScriptType,
  containerDeploymentType,
  secretType,
];

await main(
  createProvider(
    "0.1.0",
    types.map((type) => type(connect)),
  ),
  process.argv.slice(2),
);
