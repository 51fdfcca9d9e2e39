/** A real registry of images on this machine: Debian's, with its files in a folder. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import path from "node:path";
import pRetry from "p-retry";
import { stringify } from "yaml";
import { freePort } from "../../bench/platform/listening.ts";

export interface Registry {
  /** `127.0.0.1:5000`, which Docker takes without TLS. */
  readonly address: string;
  stop(): Promise<void>;
}

/** @param folder for its images */
export async function startRegistry(folder: string): Promise<Registry> {
  const address = `127.0.0.1:${await freePort()}`;
  const config = path.join(folder, "config.yml");
  writeFileSync(
    config,
    stringify({
      version: 0.1,
      storage: { filesystem: { rootdirectory: path.join(folder, "images") } },
      http: { addr: address },
    }),
  );
  const server = spawn("docker-registry", ["serve", config], { stdio: "ignore" });
  const ended = once(server, "exit");
  await pRetry(() => fetch(`http://${address}/v2/`), {
    ...{ retries: 150, minTimeout: 100, maxTimeout: 100 },
  });
  return {
    address,
    stop: async () => {
      server.kill();
      await ended;
    },
  };
}
