import * as pulumi from "@pulumi/pulumi";
import type { Service } from "../host.ts";
import type { ServiceSpec } from "../service-spec.ts";

/** The resource classes of the provider plugin in `plugin/`. */

export interface SupervisorArgs {
  /** Absolute path of the stack's data directory; a change replaces everything in it. */
  readonly directory: pulumi.Input<string>;
}

/** The one process that holds a stack's services on this machine. */
export class Supervisor extends pulumi.CustomResource {
  declare readonly directory: pulumi.Output<string>;
  declare readonly pid: pulumi.Output<number>;
  /** Directory of the logs: `<service>.log` and `supervisor.log`. */
  declare readonly logs: pulumi.Output<string>;

  constructor(name: string, args: SupervisorArgs, opts?: pulumi.CustomResourceOptions) {
    super("comfymulti:index:Supervisor", name, { pid: undefined, logs: undefined, ...args }, opts);
  }
}

export interface ProcessArgs extends ServiceSpec {
  /** The service's name within the stack. */
  readonly name: pulumi.Input<string>;
  /** The supervisor's data directory. */
  readonly directory: pulumi.Input<string>;
}

/** A service that the supervisor runs as a process. */
export class Process extends pulumi.CustomResource implements Service {
  declare readonly name: pulumi.Output<string>;
  declare readonly status: pulumi.Output<string>;
  declare readonly version: pulumi.Output<string>;
  declare readonly healthUrl: pulumi.Output<string | undefined>;
  declare readonly pid: pulumi.Output<number | undefined>;

  constructor(name: string, args: ProcessArgs, opts?: pulumi.CustomResourceOptions) {
    const inputs = {
      ...args,
      secretEnvironment: pulumi.secret(args.secretEnvironment ?? {}),
      status: undefined,
      healthUrl: undefined,
      pid: undefined,
      // For hosts that make containers.
      container: undefined,
    };
    const own = { additionalSecretOutputs: ["secretEnvironment"] };
    super("comfymulti:index:Process", name, inputs, pulumi.mergeOptions(own, opts));
  }
}
