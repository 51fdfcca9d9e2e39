import { expect, it } from "vitest";
import { pack, packText, unpack, unpackText } from "../src/compression.ts";

it.each([0, 1, 16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1, 500_000])(
  "%i characters come back as they were, packed in place or by a thread",
  async (length) => {
    const text = "node ".repeat(Math.ceil(length / 5)).slice(0, length);
    expect(await unpackText(await packText(text))).toBe(text);
  },
);

it("a value that hardly compresses and one that does very well come back as they were", async () => {
  const values = [
    { noise: [...crypto.getRandomValues(new Uint32Array(16_000))] },
    { a: "x".repeat(9e6) },
  ];
  for (const value of values) expect(await unpack(await pack(value))).toEqual(value);
});

it.each([10, 100_000])("damaged bytes of %i are an error, not a guess", async (length) => {
  const packed = await pack({ graph: "g".repeat(length) });
  await expect(unpack(packed.subarray(0, -3))).rejects.toThrow();
});
