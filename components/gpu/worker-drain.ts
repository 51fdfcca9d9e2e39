import * as pulumi from "@pulumi/pulumi";

export interface WorkerDrainArgs {
  /** Its name in the queue. */
  readonly worker: pulumi.Input<string>;
  /** Id of the container: its replacement or deletion drains the worker first. */
  readonly runs: pulumi.Input<string>;
  /** The queue manager as the machine that runs the update reaches it. */
  readonly queueManagerUrl: pulumi.Input<string>;
  readonly adminToken: pulumi.Input<string>;
  /** Seconds that its running job gets; 0 = it is not waited for. */
  readonly timeoutSeconds: pulumi.Input<number>;
}

/** Makes the end of a worker wait until it has no job. */
export class WorkerDrain extends pulumi.CustomResource {
  constructor(name: string, args: WorkerDrainArgs, opts?: pulumi.CustomResourceOptions) {
    const own = { additionalSecretOutputs: ["adminToken"] };
    const inputs = { ...args, adminToken: pulumi.secret(args.adminToken) };
    super("comfymulti:index:WorkerDrain", name, inputs, pulumi.mergeOptions(own, opts));
  }
}
