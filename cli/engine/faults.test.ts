import { describe, expect, it } from "vitest";
import { VisibleError } from "../visible-error.ts";
import { engineFault } from "./faults.ts";

describe("what the engine says", () => {
  it.each([
    ["error: getting stack: incorrect passphrase", /passphrase does not open/],
    ["error: write /state/x.json: no space left on device", /disk is full/],
    ["error: the stack is currently locked by 1 lock(s)", /Another run holds this stack/],
    ["Command failed with ENOENT: pulumi version\nspawn pulumi ENOENT", /npx comfymulti/],
  ])("becomes a sentence with its cure: %s", (text, sentence) => {
    const fault = engineFault(new Error(text), []);
    expect(fault).toBeInstanceOf(VisibleError);
    expect(String(fault)).toMatch(sentence);
  });

  it("is told as the resource's own message when there is one", () => {
    const fault = engineFault(new Error("code: 255"), ["redis: port 1 is taken", "update failed"]);
    expect(String(fault)).toBe("VisibleError: redis: port 1 is taken");
  });

  it("is told without its stack when it is unknown, and a fault of ours stays one", () => {
    const text = "code: -2\n stdout: \n stderr: Command failed\nerror: something new\n at x";
    expect(String(engineFault(new Error(text), []))).toBe("VisibleError: error: something new");
    const ours = new TypeError("x is undefined");
    expect(engineFault(ours, [])).toBe(ours);
  });
});
