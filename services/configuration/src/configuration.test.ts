import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ConfigurationError, jsonText, portSchema, readEnvironment } from "./index.ts";

const schema = z.object({
  PORT: portSchema,
  TOKEN: z.string().min(16),
  USERS: jsonText(z.array(z.object({ id: z.string() }))),
});

describe("a service's environment", () => {
  it("becomes typed settings", () => {
    const source = {
      PORT: "80",
      TOKEN: "0123456789abcdef",
      USERS: '[{"id":"user001"}]',
      HOME: "/",
    };
    expect(readEnvironment(schema, source)).toMatchObject({ PORT: 80, USERS: [{ id: "user001" }] });
  });

  it("tells every fault by its variable and never a value", () => {
    const source = { PORT: "0", TOKEN: "too-secret", USERS: '[{"id":1}]' };
    let faults: readonly string[] = [];
    try {
      readEnvironment(schema, source);
    } catch (error) {
      if (error instanceof ConfigurationError) faults = error.faults;
    }
    expect(faults.map((fault) => fault.split(":")[0])).toEqual(["PORT", "TOKEN", "USERS (0.id)"]);
    expect(faults.join()).not.toContain("too-secret");
    expect(() => readEnvironment(schema, { ...source, USERS: "no" })).toThrow(
      "USERS: must be JSON",
    );
  });
});
