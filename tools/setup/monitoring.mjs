/** The monitoring's programs, for the tests that run them; on an app server they are in images. */
import { run } from "./command.mjs";
import { provideProgram } from "./system-package.mjs";

const PURPOSE = "the tests of the monitoring";

/** Executable → Debian package. */
const packages = {
  promtool: "prometheus",
  amtool: "prometheus-alertmanager",
  "prometheus-node-exporter": "prometheus-node-exporter",
  "prometheus-redis-exporter": "prometheus-redis-exporter",
  "prometheus-blackbox-exporter": "prometheus-blackbox-exporter",
};

/**
 * @param {(line: string) => void} report
 * @returns {Promise<{ note: string }>}
 */
export async function provideMonitoring(report) {
  for (const [program, debianPackage] of Object.entries(packages)) {
    const accept = async (file) =>
      (await run(file, ["--version"])).code === 0 ? program : undefined;
    await provideProgram({ program, debianPackage, purpose: PURPOSE, accept }, report);
  }
  return { note: Object.values(packages).join(", ") };
}
