/** A declared service as rules look at it, whatever host it runs on. */
import { z } from "zod";
import { declaredContainer } from "./container.ts";

export interface DeclaredService {
  readonly name: string;
  readonly command: readonly string[];
  /** Variables kept in clear. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where others reach it: for a container, its published ports. */
  readonly listens: readonly { readonly host: string; readonly port: number }[];
  /** Whether a listening address is the service's own, or only that of a published port. */
  readonly contained: boolean;
  /**
   * Any variable, also an encrypted one. Ends the rule with "can't run during preview" where an
   * encrypted variable is not known before the update.
   */
  readonly variable: (name: string) => string | undefined;
}

/** What a rule is told of a resource. */
export interface Resource {
  readonly type: string;
  readonly props: Readonly<Record<string, unknown>>;
  readonly name: string;
  readonly opts: {
    readonly protect: boolean;
    readonly additionalSecretOutputs: readonly string[];
  };
}

// Encrypted variables are left out: a first preview does not know them, and must not stumble.
const processSchema = z.object({
  name: z.string(),
  command: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).default({}),
  listens: z
    .array(z.object({ host: z.string().default("127.0.0.1"), port: z.number() }))
    .default([]),
});
const variablesSchema = z.record(z.string(), z.string()).default({});

/** The service behind a resource; undefined when the resource is something else. */
export function declaredService(resource: Resource): DeclaredService | undefined {
  if (resource.type === "comfymulti:index:Process") return processService(resource.props);
  const container = declaredContainer(resource);
  if (!container) return undefined;
  const { name, command } = container;
  return {
    name,
    command,
    get environment() {
      return container.encrypted ? {} : container.variables;
    },
    get listens() {
      return container.ports.map(({ ip, external }) => ({ host: ip, port: external }));
    },
    contained: true,
    variable: (variable) => container.variables[variable],
  };
}

function processService(props: Resource["props"]): DeclaredService {
  const { environment, ...service } = processSchema.parse(props);
  return {
    ...service,
    environment,
    contained: false,
    variable: (name) => {
      const encrypted = () => variablesSchema.parse(props["secretEnvironment"]);
      return environment[name] ?? encrypted()[name];
    },
  };
}
