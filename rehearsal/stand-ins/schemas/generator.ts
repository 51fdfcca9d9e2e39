/** Makes a provider's schema out of the type declarations of its npm package. */
import ts from "typescript";
import { declaredTypes, type StandInName } from "./declared-types.ts";
import { Declarations, splitToken, type DeclaredProperty } from "./declarations.ts";
import type { Kind, ObjectSchema, PropertySchema, ProviderSchema } from "./schema.ts";

const INPUT_TYPES = "types/input";

export function generateSchema(provider: StandInName): ProviderSchema {
  const generator = new Generator(new Declarations(provider));
  const { resources, functions } = declaredTypes[provider];
  const schema = {
    resources: Object.fromEntries(resources.map((token) => [token, generator.resource(token)])),
    functions: Object.fromEntries(functions.map((token) => [token, generator.function(token)])),
  };
  return {
    madeFrom: `@pulumi/${provider}@${generator.declarations.version}`,
    ...schema,
    $defs: Object.fromEntries([...generator.definitions].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

class Generator {
  readonly declarations: Declarations;
  readonly definitions = new Map<string, ObjectSchema>();

  constructor(declarations: Declarations) {
    this.declarations = declarations;
  }

  resource(token: string): ProviderSchema["resources"][string] {
    const { name } = splitToken(token);
    const file = this.declarations.fileOf(token);
    const inputs = this.#object(this.declarations.propertiesOf(file, `${name}Args`));
    const outputs = this.declarations.propertiesOf(file, name);
    const computed = outputs.filter((output) => !(output.name in inputs.properties));
    return {
      inputs,
      computed: this.#kinds(computed),
      secret: this.declarations.secretOutputs(file),
    };
  }

  function(token: string): ProviderSchema["functions"][string] {
    const { name } = splitToken(token);
    const file = this.declarations.fileOf(token);
    const interfaceName = name.charAt(0).toUpperCase() + name.slice(1);
    const inputs = this.#object(this.declarations.propertiesOf(file, `${interfaceName}Args`));
    const results = this.declarations.propertiesOf(file, `${interfaceName}Result`);
    const computed = results.filter((result) => !(result.name in inputs.properties));
    return { inputs, computed: this.#kinds(computed) };
  }

  #object(properties: readonly DeclaredProperty[]): ObjectSchema {
    const required = properties.filter(({ optional }) => !optional).map(({ name }) => name);
    return {
      type: "object",
      properties: Object.fromEntries(
        properties.map((property) => [property.name, this.#property(property)]),
      ),
      ...(required.length > 0 ? { required } : {}),
      additionalProperties: false,
    };
  }

  #property({ type, documentation }: DeclaredProperty): PropertySchema {
    const schema = this.#type(type);
    const values = schema.type === "string" ? availableValues(documentation) : [];
    const preset = defaultIn(documentation, schema.type);
    return {
      ...(values.length > 0 ? { enum: values } : schema),
      ...(preset === undefined ? {} : { default: preset }),
    };
  }

  /** Outputs that are always there, and what they are. */
  #kinds(outputs: readonly DeclaredProperty[]): Record<string, Kind> {
    return Object.fromEntries(
      outputs.flatMap(({ name, type, optional }) => {
        if (optional || allows(type, ts.SyntaxKind.UndefinedKeyword)) return [];
        const schema = this.#type(type, "output");
        const kind = schema.type ?? (schema.enum ? "string" : "object");
        return [[name, kind] as const];
      }),
    );
  }

  #type(node: ts.TypeNode, side: "input" | "output" = "input"): PropertySchema {
    if (ts.isParenthesizedTypeNode(node)) return this.#type(node.type, side);
    if (ts.isArrayTypeNode(node)) {
      return { type: "array", items: this.#type(node.elementType, side) };
    }
    if (ts.isTypeLiteralNode(node)) {
      const value = node.members.find(ts.isIndexSignatureDeclaration)?.type;
      return { type: "object", additionalProperties: value ? this.#type(value, side) : true };
    }
    if (ts.isUnionTypeNode(node)) return this.#union(node, side);
    if (ts.isTypeReferenceNode(node)) return this.#reference(node, side);
    switch (node.kind) {
      case ts.SyntaxKind.StringKeyword:
        return { type: "string" };
      case ts.SyntaxKind.NumberKeyword:
        return { type: "number" };
      case ts.SyntaxKind.BooleanKeyword:
        return { type: "boolean" };
      case ts.SyntaxKind.AnyKeyword:
        return {};
      default:
        throw new Error(`the declarations hold a type that is not known: ${node.getText()}`);
    }
  }

  #union(node: ts.UnionTypeNode, side: "input" | "output"): PropertySchema {
    const defined = node.types.filter(({ kind }) => kind !== ts.SyntaxKind.UndefinedKeyword);
    const [first, ...others] = defined.map((type) => this.#type(type, side));
    if (!first || others.length > 0) return { anyOf: first ? [first, ...others] : [] };
    return first;
  }

  #reference(node: ts.TypeReferenceNode, side: "input" | "output"): PropertySchema {
    const [root = "", ...rest] = node.typeName.getText().split(".");
    const name = rest.join(".");
    const [argument] = node.typeArguments ?? [];
    if (root === "pulumi" && (name === "Input" || name === "Output") && argument) {
      return this.#type(argument, side);
    }
    // Files and archives are objects on their way to a provider.
    if (root === "pulumi" && name.startsWith("asset.")) return { type: "object" };
    if (root === "enums") return { enum: this.declarations.enumValues(name) };
    if (root === "outputs") return { type: "object" };
    if (root === "inputs") {
      if (side === "output") return { type: "object" };
      if (!this.definitions.has(name)) this.#define(name);
      return { $ref: `#/$defs/${name}` };
    }
    throw new Error(`the declarations hold a type that is not known: ${node.getText()}`);
  }

  #define(name: string): void {
    // Known before its properties are looked at, because a type may hold itself.
    this.definitions.set(name, { type: "object", properties: {}, additionalProperties: false });
    const schema = this.#object(this.declarations.propertiesOf(INPUT_TYPES, name));
    this.definitions.set(name, schema);
  }
}

/** `Available values: "A", "AAAA".` in a doc comment. */
function availableValues(documentation: string): string[] {
  const list = /Available values: ((?:"[^"]*"(?:, )?)+)/.exec(documentation)?.[1] ?? "";
  return [...list.matchAll(/"([^"]*)"/g)].map(([, value = ""]) => value);
}

/** The value in `Defaults to …` of a doc comment, where it is one of the property's type. */
function defaultIn(documentation: string, kind: Kind | undefined): unknown {
  const text = /Defaults to `([^`]+)`/.exec(documentation)?.[1];
  if (text === undefined || kind === undefined) return undefined;
  if (kind === "string") return text.replaceAll('"', "");
  const value: unknown = /^(true|false|-?\d+)$/.test(text) ? JSON.parse(text) : undefined;
  return typeof value === kind ? value : undefined;
}

/** Whether a type, inside `Output<…>`, allows the keyword. */
function allows(node: ts.TypeNode, keyword: ts.SyntaxKind): boolean {
  if (ts.isTypeReferenceNode(node)) {
    return (node.typeArguments ?? []).some((argument) => allows(argument, keyword));
  }
  return ts.isUnionTypeNode(node) && node.types.some(({ kind }) => kind === keyword);
}
