import { defineConfig } from "vitest/config";

/**
 * Two projects: `unit` (pure logic, real Redis and real sockets where the thing under test speaks
 * to them) and `end-to-end` (the real Pulumi engine, a whole stack, a real browser), which runs
 * one file at a time because each file owns a stack.
 */
export default defineConfig({
  test: {
    // Real processes on two busy cores: one more try tells a race in a test from a fault. The report
    // names every test that needed it.
    retry: process.env.CI ? 1 : 0,
    reporters: ["default", "./tools/test-summary.ts"],
    projects: [
      {
        test: {
          name: "unit",
          include: ["**/*.test.ts"],
          exclude: ["**/node_modules/**", "end-to-end/**"],
          testTimeout: 20_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: "end-to-end",
          include: ["end-to-end/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
