import * as pulumi from "@pulumi/pulumi";
import { withOutputs } from "./args.ts";
import type { ArgsOf } from "./args.ts";
import type { containerDeploymentInputs } from "../schemas/container-deployment.ts";

export type ContainerDeploymentArgs = ArgsOf<typeof containerDeploymentInputs>;

/** Replicas of a container that Verda starts and stops by load, behind one endpoint. */
export class ContainerDeployment extends pulumi.CustomResource {
  declare readonly name: pulumi.Output<string>;
  declare readonly status: pulumi.Output<string>;
  /** Requests go to `<endpointBaseUrl>/<path>` with an inference key. */
  declare readonly endpointBaseUrl: pulumi.Output<string>;
  declare readonly createdAt: pulumi.Output<string>;

  constructor(name: string, args: ContainerDeploymentArgs, opts?: pulumi.CustomResourceOptions) {
    super("verda:index:ContainerDeployment", name, withOutputs(args, OUTPUTS), opts);
  }
}

const OUTPUTS = ["status", "endpointBaseUrl", "createdAt"];
