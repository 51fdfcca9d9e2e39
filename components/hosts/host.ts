import type * as pulumi from "@pulumi/pulumi";
import type { ServiceSpec } from "./service-spec.ts";

/** A running service, whatever it runs on: everything that another component may know of it. */
export interface Service extends pulumi.Resource {
  readonly name: pulumi.Output<string>;
  readonly status: pulumi.Output<string>;
  readonly version: pulumi.Output<string>;
  /** The URL of its HTTP health check; `undefined` for other kinds of check. */
  readonly healthUrl: pulumi.Output<string | undefined>;
}

/** Where services run. The same component tree works on any host. */
export interface Host {
  /** Declares one service; the result is ready only when the service is healthy. */
  service(name: string, spec: ServiceSpec, opts?: pulumi.CustomResourceOptions): Service;
  /** Under which name or address the host's other services reach that one. */
  addressOf(service: string): string;
}
