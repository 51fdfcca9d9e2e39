import type { Reporter, TestModule } from "vitest/node";

/** Closes a run with one line that any program can read: "12 passed, 0 failed, 0 skipped". */
export default class TestSummary implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state]++;
      // A file that can't be loaded has no tests to fail.
      if (module.errors().length > 0) count.failed++;
    }
    console.log(
      `${count.passed} passed, ${count.failed} failed, ${count.skipped + count.pending} skipped`,
    );
  }
}
