import { expect, test } from "vitest";
import { tokenType } from "./token-type.ts";

const operation = {
  urn: "",
  id: "",
  progress: () => undefined,
  signal: new AbortController().signal,
};

test("a token has its prefix, its length and only characters that a URL may hold", async () => {
  const inputs = tokenType.inputs.parse({ prefix: "worker_", length: 64 });
  const { id, state } = await tokenType.create(inputs, operation);
  expect(state.value).toMatch(/^worker_[A-Za-z0-9_-]{64}$/);
  expect(state.value).not.toContain(id);
});

test("no two tokens are alike, and reading keeps a token as it is", async () => {
  const inputs = tokenType.inputs.parse({});
  const made = await Promise.all([1, 2].map(() => tokenType.create(inputs, operation)));
  const [one, other] = made.map(({ state }) => state);
  expect(one?.value).not.toBe(other?.value);
  expect(one && (await tokenType.read(one, operation))).toEqual(one);
});

test.each([{ length: 8 }, { length: 1.5 }, { prefix: "a b" }, { keepers: { a: 1 } }, { size: 3 }])(
  "inputs %j are refused",
  (inputs) => {
    expect(tokenType.inputs.safeParse(inputs).success).toBe(false);
  },
);
