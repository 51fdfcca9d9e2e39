/** What the comments in a schema's source say of its properties: the one place where meanings stand. */
import { readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { repository } from "../../components/installation.ts";

/**
 * Comments by property of the object that a constant is made of (`z.strictObject({…})`,
 * `other.extend({…})`, or a plain object of schemas).
 * @param file Relative to the repository.
 * @throws Error when there is no such constant
 */
export function commentsOf(file: string, constant: string): ReadonlyMap<string, string> {
  const text = readFileSync(path.join(repository, file), "utf8");
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const initializer = initializerOf(source, constant);
  const object = initializer && firstObject(initializer);
  if (!object) throw new Error(`${file} has no constant ${constant} with an object in it`);
  return new Map(
    object.properties.flatMap((property) => {
      const comment = commentBefore(text, property);
      const name = property.name?.getText(source);
      return name === undefined || comment === undefined ? [] : [[name, comment] as const];
    }),
  );
}

function initializerOf(source: ts.SourceFile, constant: string): ts.Expression | undefined {
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (name.getText(source) === constant) return initializer;
    }
  }
  return undefined;
}

/** Of a chain of calls, the object that the innermost one gets. */
function firstObject(node: ts.Node): ts.ObjectLiteralExpression | undefined {
  if (ts.isObjectLiteralExpression(node)) return node;
  if (ts.isCallExpression(node)) {
    const inner = ts.isPropertyAccessExpression(node.expression)
      ? firstObject(node.expression.expression)
      : undefined;
    return inner ?? node.arguments.find((argument) => ts.isObjectLiteralExpression(argument));
  }
  return undefined;
}

function commentBefore(text: string, node: ts.Node): string | undefined {
  const ranges = ts.getLeadingCommentRanges(text, node.getFullStart()) ?? [];
  const last = ranges.findLast(({ pos }) => text.startsWith("/**", pos));
  if (!last) return undefined;
  return text
    .slice(last.pos + 3, last.end - 2)
    .split("\n")
    .map((line) => line.replace(/^\s*\*? ?/, ""))
    .join(" ")
    .replaceAll(/\s+/g, " ")
    .trim();
}
