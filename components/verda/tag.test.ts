import { expect, test } from "vitest";
import { scopeOf, scopeTag, tagged, tagIn, tagOf, untagged } from "./tag.ts";

const urn = "urn:pulumi:workshop::comfymulti::a:b:C$verda:index:Volume::models";
const scope = { project: "comfymulti", stack: "workshop" };

test("a tag tells project, stack and resource, and goes into a name and out again", () => {
  expect(scopeOf(urn)).toEqual(scope);
  const tag = tagOf(urn);
  expect(tag.startsWith(scopeTag(scope))).toBe(true);
  expect(tagged("models", tag)).toMatch(/^models-cm-[0-9a-f]{8}-[0-9a-f]{8}$/);
  expect(untagged(tagged("models", tag))).toBe("models");
  expect(tagIn(`comfymulti comfymulti/workshop ${tag}`)).toBe(tag);
});

test("a name without a tag stays as it is", () => {
  expect(untagged("models-cm-1")).toBe("models-cm-1");
  expect(tagIn("models")).toBeUndefined();
});

test("another stack, project or resource has another tag", () => {
  const others = [
    urn.replace("workshop", "staging"),
    urn.replace("::comfymulti", "::other"),
    urn.replace("models", "scratch"),
  ];
  expect(new Set([urn, ...others].map(tagOf)).size).toBe(4);
  const stacks = [scope, { project: "comfymulti/work", stack: "shop" }].map(scopeTag);
  expect(new Set(stacks).size).toBe(2);
});
