import { expect, test } from "vitest";
import { capturedVersions } from "./compat/object-info.ts";
import { comfyuiVersions, versionPinSchema } from "./versions.ts";

test("every captured version has a frontend with a wheel whose name states its version", () => {
  for (const version of capturedVersions()) {
    const pin = comfyuiVersions[version];
    expect(pin?.wheel?.filename).toContain(`-${pin?.frontendPackage}-`);
  }
});

test("one frontend package has one wheel", () => {
  const sums = new Map<string, Set<string | undefined>>();
  for (const { frontendPackage, wheel } of Object.values(comfyuiVersions)) {
    const seen = sums.get(frontendPackage) ?? new Set();
    sums.set(frontendPackage, seen.add(wheel?.sha256));
  }
  for (const [, seen] of sums) expect(seen.size).toBe(1);
});

test("a pin with a mistyped sum is refused", () => {
  const wheel = { filename: "a.whl", sha256: "abc" };
  const pin = { frontendPackage: "1.0.0", templatesPackage: "1.0.0", wheel };
  expect(versionPinSchema.safeParse(pin).success).toBe(false);
});
