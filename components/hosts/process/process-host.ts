import * as pulumi from "@pulumi/pulumi";
import type { Host, Service } from "../host.ts";
import type { ServiceSpec } from "../service-spec.ts";
import { Process, Supervisor } from "./resources.ts";

export interface ProcessHostArgs {
  /**
   * Absolute path of the stack's data directory: logs and the supervisor's runtime directory lie
   * in it. No two stacks may share one.
   */
  readonly directory: pulumi.Input<string>;
}

/** Runs services as supervised processes on this machine. */
export class ProcessHost extends pulumi.ComponentResource implements Host {
  readonly supervisor: Supervisor;
  readonly directory: pulumi.Output<string>;
  readonly logs: pulumi.Output<string>;

  constructor(name: string, args: ProcessHostArgs, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:hosts:ProcessHost", name, {}, opts);
    this.supervisor = new Supervisor(`${name}-supervisor`, args, { parent: this });
    this.directory = this.supervisor.directory;
    this.logs = this.supervisor.logs;
    this.registerOutputs({ directory: this.directory, logs: this.logs });
  }

  service(name: string, spec: ServiceSpec, opts?: pulumi.CustomResourceOptions): Service {
    const own = { parent: this, dependsOn: [this.supervisor] };
    const args = { ...spec, name, directory: this.directory };
    return new Process(name, args, pulumi.mergeOptions(own, opts));
  }

  /** Services of a stack on this machine meet on loopback. */
  addressOf(): string {
    return "127.0.0.1";
  }
}
