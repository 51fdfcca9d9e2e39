/** What the component declares for a host of processes, with every Output resolved. */
import * as pulumi from "@pulumi/pulumi";
import {
  Monitoring,
  type MonitoringArgs,
  type MonitoringService,
} from "../../components/app-server/monitoring.ts";
import {
  serviceSpecSchema,
  type Host,
  type ResolvedServiceSpec,
  type ServiceSpec,
} from "../../components/hosts/index.ts";

export type DeclaredServices = ReadonlyMap<MonitoringService, ResolvedServiceSpec>;

export async function declareMonitoring(
  args: Omit<MonitoringArgs, "host" | "version">,
): Promise<DeclaredServices> {
  await pulumi.runtime.setMocks({
    newResource: ({ name, inputs }) => ({
      id: name,
      state: { ...(inputs as object), value: `made-for-${name}` },
    }),
    call: ({ inputs }) => inputs as Record<string, unknown>,
  });
  const specs = new Map<string, ServiceSpec>();
  const host: Host = {
    service: (name, spec) => {
      specs.set(name, spec);
      return {} as ReturnType<Host["service"]>;
    },
    addressOf: () => "127.0.0.1",
  };
  new Monitoring("monitoring", { ...args, host, version: "0.1.0" });
  const resolved = await Promise.all(
    [...specs].map(async ([name, spec]) => {
      const plain = await new Promise<unknown>((resolve) => {
        pulumi.output(spec).apply(resolve);
      });
      return [name as MonitoringService, serviceSpecSchema.parse(plain)] as const;
    }),
  );
  return new Map(resolved);
}
