import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { Service } from "../host.ts";

/** A service that is a container; its `name` is the container's on its machine. */
export class ContainerService extends docker.Container implements Service {
  declare version: pulumi.Output<string>;
  declare healthUrl: pulumi.Output<string | undefined>;

  /** `running` while Docker keeps it so, by its restart policy. */
  get status(): pulumi.Output<string> {
    return this.mustRun.apply((runs) => (runs === false ? "stopped" : "running"));
  }
}
