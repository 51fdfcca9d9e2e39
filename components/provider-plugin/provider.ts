import * as pulumi from "@pulumi/pulumi";
import type * as protocol from "@pulumi/pulumi/provider/index.js";
import { isDeepStrictEqual } from "node:util";
import type { z } from "zod";
import { PartialFailure } from "./resource-type.ts";
import type { ExistingOperation, ResourceType } from "./resource-type.ts";
import { containsSecret, containsUnknown, isUnknownAt, unwrapSecrets, wrapSecret } from "./wire.ts";

// A registry holds types of different shapes; each is only ever given what its own schemas parsed.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type AnyResourceType = ResourceType<any, any>;
type Properties = Record<string, unknown>;

/** A Pulumi provider out of resource types: the generic part, the same for every plugin. */
export function createProvider(
  version: string,
  types: readonly AnyResourceType[],
): protocol.Provider {
  const registry = new Map(types.map((type) => [type.name, type]));
  const cancelled = new AbortController();

  function typeOf(urn: string): AnyResourceType {
    const name = urn.split("::")[2]?.split("$").at(-1)?.split(":").at(-1) ?? "";
    const type = registry.get(name);
    if (!type) throw new Error(`this plugin has no resource type ${name}`);
    return type;
  }

  function operation(urn: string, id = ""): ExistingOperation {
    // The log functions need nothing of the resource but its URN.
    const resource = { urn: pulumi.output(urn) } as pulumi.Resource;
    return {
      urn,
      id,
      progress: (line) => void pulumi.log.info(line, resource, undefined, true),
      signal: cancelled.signal,
    };
  }

  return {
    version,

    async check(urn, olds: Properties | undefined, news: Properties) {
      const type = typeOf(urn);
      const parsed = type.inputs.safeParse(unwrapSecrets(news));
      const issues = parsed.error?.issues.filter(({ path }) => !isUnknownAt(news, path)) ?? [];
      if (parsed.success && type.check && !containsUnknown(news)) {
        const old = type.inputs.safeParse(unwrapSecrets(olds));
        const failures = [...(await type.check(parsed.data, old.data))];
        return { inputs: news, failures };
      }
      // The inputs go back as they came: with their secrets still wrapped, and without defaults,
      // so that a preview shows what the program said.
      return { inputs: news, failures: issues.flatMap(failuresOf) };
    },

    async diff(_id, urn, olds: Properties, news: Properties) {
      const type = typeOf(urn);
      const old = unwrapSecrets(olds) as Properties;
      const next = unwrapSecrets(news) as Properties;
      const complete = containsUnknown(next) ? next : (type.inputs.parse(next) as Properties);
      const changed = Object.keys(complete).filter(
        (key) => !isDeepStrictEqual(old[key], complete[key]),
      );
      // A property that was dropped from the program; one with a default is in `complete` again.
      const dropped = inputNames(type).filter((key) => key in old && !(key in complete));
      const differing = (containsUnknown(next) ? changed : [...changed, ...dropped]).filter(
        (key) => !type.atCreationOnly?.includes(key),
      );
      const state = type.state.safeParse(old);
      const needsUpdate = state.success && type.needsUpdate?.(state.data) === true;
      const also: readonly string[] =
        state.success && !containsUnknown(next)
          ? (type.replaces?.(state.data, complete) ?? [])
          : [];
      return {
        changes: differing.length > 0 || needsUpdate || !state.success,
        replaces: differing.filter((key) => type.replacedBy.includes(key) || also.includes(key)),
        deleteBeforeReplace: true,
      };
    },

    async create(urn, inputs: Properties) {
      const type = typeOf(urn);
      const parsed = type.inputs.parse(unwrapSecrets(inputs)) as object;
      try {
        const created = await type.create(parsed, operation(urn));
        return { id: created.id, outs: toWire(type, created.state as Properties, inputs) };
      } catch (error) {
        throw asFailure(error, type, undefined, inputs);
      }
    },

    async read(id, urn, props: Properties) {
      const type = typeOf(urn);
      const known = unwrapSecrets(props) as Properties;
      if (Object.keys(known).length === 0) return await readById(type, id, operation(urn, id));
      const state: unknown = await type.read(type.state.parse(known), operation(urn, id));
      if (state === undefined) return { id: "", props: {} };
      return { id, props: toWire(type, state as Properties, props) };
    },

    async update(id, urn, olds: Properties, news: Properties) {
      const type = typeOf(urn);
      if (!type.update) throw new Error(`${type.name} cannot be updated`);
      const old: unknown = type.state.parse(unwrapSecrets(olds));
      const next: unknown = type.inputs.parse(unwrapSecrets(news));
      try {
        const state: unknown = await type.update(old, next, operation(urn, id));
        return { outs: toWire(type, state as Properties, news) };
      } catch (error) {
        throw asFailure(error, type, id, news);
      }
    },

    async delete(id, urn, props: Properties) {
      const type = typeOf(urn);
      await type.delete(type.state.parse(unwrapSecrets(props)), operation(urn, id));
    },

    async cancel() {
      cancelled.abort();
    },
  };
}

/** An import, or a look-up by id: all that is known comes from the resource itself. */
async function readById(
  type: AnyResourceType,
  id: string,
  operation: ExistingOperation,
): Promise<protocol.ReadResult> {
  if (!type.import) throw new Error(`${type.name} cannot be imported`);
  const state = (await type.import(id, operation)) as Properties | undefined;
  if (state === undefined) return { id: "", props: {} };
  const props = toWire(type, state, {});
  const names = inputNames(type);
  const inputs = Object.fromEntries(Object.entries(props).filter(([key]) => names.includes(key)));
  return { id, props, inputs };
}

/** The engine's form of "it exists, but something is wrong with it". */
function asFailure(
  error: unknown,
  type: AnyResourceType,
  id: string | undefined,
  given: Properties,
): unknown {
  if (!(error instanceof PartialFailure)) return error;
  return Object.assign(new Error(error.message), {
    id: id ?? error.id,
    properties: toWire(type, error.state as Properties, given),
    reasons: [error.message],
  });
}

function failuresOf(issue: z.core.$ZodIssue): protocol.CheckFailure[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      property: propertyPath([...issue.path, key]),
      reason: "there is no such property: check its spelling",
    }));
  }
  return [{ property: propertyPath(issue.path), reason: issue.message }];
}

function propertyPath(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("")
    .replace(/^\./, "");
}

function inputNames(type: AnyResourceType): string[] {
  const shape = (type.inputs as { shape?: object }).shape;
  return Object.keys(shape ?? {});
}

/** @param given What came from the engine: what was secret there stays so. */
function toWire(type: AnyResourceType, state: Properties, given: Properties): Properties {
  const isSecret = (key: string) => type.secrets.includes(key) || containsSecret(given[key]);
  return Object.fromEntries(
    Object.entries(state)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, isSecret(key) ? wrapSecret(value) : value]),
  );
}
