import { defineConfig } from "vitest/config";
import LongTestsFirst from "./tools/long-tests-first.ts";

/**
 * Two projects: `unit` (pure logic, real Redis and real sockets where the thing under test speaks
 * to them), then `end-to-end` (the real Pulumi engine, a whole stack, a real browser). Each file of
 * the latter has a stack of its own with ports of its own, and waits more than it works: three at once.
 */
export default defineConfig({
  test: {
    // Real processes on two busy cores: one more try tells a race in a test from a fault. The report
    // names every test that needed it.
    retry: process.env.CI ? 1 : 0,
    sequence: { sequencer: LongTestsFirst },
    reporters: ["default", "./tools/test-summary.ts"],
    projects: [
      {
        test: {
          name: "unit",
          include: ["**/*.test.ts"],
          exclude: ["**/node_modules/**", "end-to-end/**"],
          // They wait for clocks and child processes more than they work.
          maxWorkers: 3,
          testTimeout: 20_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "end-to-end",
          include: ["end-to-end/**/*.test.ts"],
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
