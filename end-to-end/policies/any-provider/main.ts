/**
 * A provider plugin for tests that accepts any resource and makes nothing. It stands for the
 * providers whose resources the rules look at (docker, cloudflare, verda), so that the real engine
 * can preview them: rules see what the program declares, before any provider acts.
 */
import { main } from "@pulumi/pulumi/provider/index.js";

const engine = process.ppid;
setInterval(() => {
  if (process.ppid !== engine) process.exit(1);
}, 500).unref();

await main(
  {
    version: "0.0.1",
    check: (_urn, _olds, news: unknown) => Promise.resolve({ inputs: news, failures: [] }),
    diff: () => Promise.resolve({ changes: false }),
  },
  process.argv.slice(2),
);
