/**
 * A stand-in: a provider that checks as strictly as its types are declared, and makes nothing but what
 * a rehearsal asks it to make for real.
 */
import type * as protocol from "@pulumi/pulumi/provider/index.js";
import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { unwrapSecrets, wrapSecret } from "../../components/provider-plugin/wire.ts";
import { answersFor } from "./answers.ts";
import { checker } from "./check.ts";
import { meetFault } from "./faults.ts";
import { StackInventory, withoutSecrets, withSecretsOf } from "./inventory.ts";
import { plausibleId, plausibleOutputs } from "./plausible.ts";
import type { Reality } from "./reality.ts";
import { replacedBy } from "./replacement.ts";
import { parseUrn, type ResourceName } from "./resource-name.ts";
import type { ObjectSchema, ProviderSchema } from "./schemas/schema.ts";

type Properties = Record<string, unknown>;

/**
 * @param directory The rehearsal's folder.
 * @param schema What the provider's types are.
 * @param reality Which of them are made for real.
 */
export function standInProvider(
  directory: string,
  schema: ProviderSchema,
  reality: Reality,
): protocol.Provider {
  const checks = new Map<string, ReturnType<typeof checker>>();

  function typeOf(urn: string) {
    const resource = parseUrn(urn);
    const type = schema.resources[resource.type];
    if (!type) throw new Error(notDeclared("resource type", resource.type));
    const inventory = new StackInventory(directory, resource);
    return { resource, type, inventory, real: reality(resource.type) };
  }

  function failuresOf(token: string, inputs: ObjectSchema, news: Properties) {
    let check = checks.get(token);
    if (!check) checks.set(token, (check = checker(inputs, schema.$defs)));
    return check(news);
  }

  /** What a resource is known by: its inputs, defaults, and outputs, new or of before. */
  function stateOf(urn: string, inputs: Properties, outputs: Properties): Properties {
    const { type } = typeOf(urn);
    const state = { ...outputs, ...defaultsOf(type.inputs), ...inputs };
    const wrapped = type.secret.filter((name) => name in state);
    return {
      ...state,
      ...Object.fromEntries(wrapped.map((name) => [name, wrapSecret(unwrapSecrets(state[name]))])),
    };
  }

  const entry = ({ type, name }: ResourceName, id: string, state: Properties) => ({
    type,
    name,
    id,
    properties: withoutSecrets(state) as Properties,
  });

  return {
    version: schema.madeFrom.split("@").at(-1) ?? "0.0.0",

    async check(urn, olds: Properties | undefined, news: Properties) {
      const { resource, type, real } = typeOf(urn);
      const inputs = withName(resource, type.inputs, news, olds);
      const failures = failuresOf(resource.type, type.inputs, inputs);
      // What is not even declared is told once.
      return { inputs, failures: failures.length > 0 ? failures : (real?.check(inputs) ?? []) };
    },

    async diff(_id, urn, olds: Properties, news: Properties) {
      const { resource, type } = typeOf(urn);
      const old = unwrapSecrets(olds) as Properties;
      const given = unwrapSecrets(news) as Properties;
      const next = { ...defaultsOf(type.inputs), ...given };
      const dropped = Object.keys(type.inputs.properties).filter(
        (name) => name in old && !(name in next) && !filled(resource.type, next, name),
      );
      const changed = Object.keys(next).filter((name) => !isDeepStrictEqual(old[name], next[name]));
      const replaces = replacedBy(resource.type, [...changed, ...dropped]);
      return {
        changes: changed.length + dropped.length > 0,
        replaces,
        // Two of one name cannot exist beside each other.
        deleteBeforeReplace: replaces.length > 0 && "name" in next && !replaces.includes("name"),
      };
    },

    async create(urn, inputs: Properties) {
      const { resource, type, inventory, real } = typeOf(urn);
      await meetFault(directory, "create", resource);
      const bare = unwrapSecrets(inputs) as Properties;
      const made = await real?.create(bare);
      const id = made?.id ?? plausibleId(resource.type, bare);
      const outputs = made?.outputs ?? answersFor(directory, resource, outputsOf(type));
      const state = stateOf(urn, inputs, {
        ...plausibleOutputs(resource.type, type.computed, bare),
        ...outputs,
      });
      await inventory.put(entry(resource, id, state));
      return { id, outs: state };
    },

    async read(id, urn, props: Properties) {
      const { resource, type, inventory, real } = typeOf(urn);
      await meetFault(directory, "read", resource);
      const found = inventory.find(resource.type, id);
      if (!found) return { id: "", props: {} };
      const recorded = withSecretsOf(found.properties, props) as Properties;
      const drift = real ? await real.read(id, unwrapSecrets(recorded) as Properties) : {};
      if (!drift) {
        await inventory.remove(resource.type, id);
        return { id: "", props: {} };
      }
      const state = { ...recorded, ...drift };
      if (Object.keys(props).length > 0) return { id, props: state };
      const inputs = Object.entries(state).filter(([name]) => name in type.inputs.properties);
      return { id, props: state, inputs: Object.fromEntries(inputs) };
    },

    async update(id, urn, olds: Properties, news: Properties) {
      const { resource, type, inventory, real } = typeOf(urn);
      await meetFault(directory, "update", resource);
      const isOutput = ([name]: [string, unknown]) =>
        !(name in type.inputs.properties) || filled(resource.type, news, name);
      const outputs = Object.fromEntries(Object.entries(olds).filter(isOutput));
      const bare = unwrapSecrets(news) as Properties;
      const changed = real
        ? await real.update(id, bare, unwrapSecrets(olds) as Properties)
        : answersFor(directory, resource, outputsOf(type));
      const state = stateOf(urn, news, { ...outputs, ...changed });
      await inventory.put(entry(resource, id, state));
      return { outs: state };
    },

    async delete(id, urn, props: Properties) {
      const { resource, inventory, real } = typeOf(urn);
      await meetFault(directory, "delete", resource);
      await real?.delete(id, unwrapSecrets(props) as Properties);
      await inventory.remove(resource.type, id);
    },

    async invoke(token, inputs: Properties) {
      const declared = schema.functions[token];
      if (!declared) throw new Error(notDeclared("function", token));
      const failures = failuresOf(token, declared.inputs, inputs);
      const bare = unwrapSecrets(inputs) as Properties;
      return {
        failures,
        outputs: {
          ...plausibleOutputs(token, declared.computed, bare),
          ...answersFor(directory, { type: token, name: "" }, declared.computed),
          ...bare,
        },
      };
    },
  };
}

const notDeclared = (what: string, token: string) =>
  `this stand-in has no ${what} ${token}: add it to rehearsal/stand-ins/schemas/declared-types.ts and run node rehearsal/stand-ins/schemas/generate.ts`;

/** What may be answered: outputs, and inputs that the provider fills in when a program does not. */
const outputsOf = ({ inputs, computed }: ProviderSchema["resources"][string]) => ({
  ...Object.fromEntries(
    Object.entries(inputs.properties).map(([name, { type = "object" }]) => [name, type]),
  ),
  ...computed,
});

/** Whether the provider gives this input a value when the program gives none. */
const filled = (type: string, inputs: Properties, name: string): boolean =>
  !(name in inputs) && name in plausibleOutputs(type, {}, inputs);

function defaultsOf({ properties }: ObjectSchema): Properties {
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, { default: preset }]) =>
      preset === undefined ? [] : [[name, preset]],
    ),
  );
}

/** Where a name may be left out, providers make one of the resource's own and random digits. */
function withName(
  { name: own }: ResourceName,
  { properties, required = [] }: ObjectSchema,
  news: Properties,
  olds: Properties | undefined,
): Properties {
  const nameable = properties["name"]?.type === "string" && !required.includes("name");
  if (!nameable || "name" in news) return news;
  return { ...news, name: olds?.["name"] ?? `${own}-${randomBytes(4).toString("hex").slice(1)}` };
}
