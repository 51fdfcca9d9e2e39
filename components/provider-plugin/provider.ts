import * as pulumi from "@pulumi/pulumi";
import type * as protocol from "@pulumi/pulumi/provider/index.js";
import { isDeepStrictEqual } from "node:util";
import type { z } from "zod";
import { PartialFailure } from "./resource-type.ts";
import type { Operation, ResourceType } from "./resource-type.ts";
import { containsUnknown, isUnknownAt, unwrapSecrets, wrapSecret } from "./wire.ts";

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

  function operation(urn: string): Operation {
    // The log functions need nothing of the resource but its URN.
    const resource = { urn: pulumi.output(urn) } as pulumi.Resource;
    return {
      progress: (line) => void pulumi.log.info(line, resource, undefined, true),
      signal: cancelled.signal,
    };
  }

  return {
    version,

    async check(urn, _olds, news: Properties) {
      const parsed = typeOf(urn).inputs.safeParse(unwrapSecrets(news));
      const issues = parsed.error?.issues.filter(({ path }) => !isUnknownAt(news, path)) ?? [];
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
      const differing = containsUnknown(next) ? changed : [...changed, ...dropped];
      const state = type.state.safeParse(old);
      const needsUpdate = state.success && type.needsUpdate?.(state.data) === true;
      return {
        changes: differing.length > 0 || needsUpdate || !state.success,
        replaces: differing.filter((key) => type.replacedBy.includes(key)),
        deleteBeforeReplace: true,
      };
    },

    async create(urn, inputs: Properties) {
      const type = typeOf(urn);
      const parsed = type.inputs.parse(unwrapSecrets(inputs)) as object;
      const created = await type.create(parsed, operation(urn));
      return { id: created.id, outs: toWire(type, created.state as Properties) };
    },

    async read(id, urn, props: Properties) {
      const type = typeOf(urn);
      const state: unknown = await type.read(type.state.parse(unwrapSecrets(props)));
      if (state === undefined) return { id: "", props: {} };
      return { id, props: toWire(type, state as Properties) };
    },

    async update(id, urn, olds: Properties, news: Properties) {
      const type = typeOf(urn);
      if (!type.update) throw new Error(`${type.name} cannot be updated`);
      const old: unknown = type.state.parse(unwrapSecrets(olds));
      const next: unknown = type.inputs.parse(unwrapSecrets(news));
      try {
        const state: unknown = await type.update(old, next, operation(urn));
        return { outs: toWire(type, state as Properties) };
      } catch (error) {
        if (!(error instanceof PartialFailure)) throw error;
        // The engine's form of "it exists, but something is wrong with it".
        throw Object.assign(new Error(error.message), {
          id,
          properties: toWire(type, error.state as Properties),
          reasons: [error.message],
        });
      }
    },

    async delete(_id, urn, props: Properties) {
      const type = typeOf(urn);
      await type.delete(type.state.parse(unwrapSecrets(props)));
    },

    async cancel() {
      cancelled.abort();
    },
  };
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

function toWire(type: AnyResourceType, state: Properties): Properties {
  return Object.fromEntries(
    Object.entries(state)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, type.secrets.includes(key) ? wrapSecret(value) : value]),
  );
}
