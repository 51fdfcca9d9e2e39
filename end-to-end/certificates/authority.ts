/** Let's Encrypt's own test server (pebble) with a DNS server of its own, and a web server for the challenges. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import path from "node:path";
import pRetry from "p-retry";
import { makeCertificates } from "../nginx/certificates.ts";
import { freePort } from "../../worker/test/support/free-port.ts";

/** Programs that are missing here. */
export const missingPrograms = ["pebble", "pebble-challtestsrv", "lego", "openssl", "curl"].filter(
  (program) => spawnSync(program, ["--help"]).error !== undefined,
);

export interface AuthorityOptions {
  /** Empty folder. */
  readonly folder: string;
  /** Port where it fetches challenges. */
  readonly httpPort: number;
  /** How long its certificates are valid. */
  readonly validSeconds: number;
}

export class Authority {
  /** Its ACME directory. */
  readonly server: string;
  /** PEM file of who signed its own HTTPS. */
  readonly trust: string;
  readonly #children: readonly ChildProcess[];

  private constructor(server: string, trust: string, children: readonly ChildProcess[]) {
    this.server = server;
    this.trust = trust;
    this.#children = children;
  }

  static async start({ folder, httpPort, validSeconds }: AuthorityOptions): Promise<Authority> {
    const own = makeCertificates(folder, "localhost");
    const trust = path.join(folder, "ca.pem");
    const [port, management, dns, dnsManagement] = await Promise.all(
      Array.from({ length: 4 }, () => freePort()),
    );
    const config = path.join(folder, "pebble.json");
    writeFileSync(
      config,
      JSON.stringify({
        pebble: {
          listenAddress: `127.0.0.1:${port}`,
          managementListenAddress: `127.0.0.1:${management}`,
          certificate: own.certificate,
          privateKey: own.certificateKey,
          httpPort,
          tlsPort: httpPort,
          ocspResponderURL: "",
          externalAccountBindingRequired: false,
          certificateValidityPeriod: validSeconds,
          domainBlocklist: ["blocked.test"],
        },
      }),
    );
    const off = ["-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", ""];
    const children = [
      spawn(
        "pebble-challtestsrv",
        [...off, "-dns01", `127.0.0.1:${dns}`, "-management", `127.0.0.1:${dnsManagement}`],
        { stdio: "ignore" },
      ),
      spawn("pebble", ["-strict", "-config", config, "-dnsserver", `127.0.0.1:${dns}`], {
        stdio: "ignore",
        env: {
          PEBBLE_VA_NOSLEEP: "1",
          PEBBLE_WFE_NONCEREJECT: "0",
          PEBBLE_AUTHZREUSE: "0",
        },
      }),
    ];
    const server = `https://localhost:${port}/dir`;
    await pRetry(() => answers(server, trust), { retries: 100, minTimeout: 50, maxTimeout: 100 });
    return new Authority(server, trust, children);
  }

  async stop(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null) continue;
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  }
}

async function answers(server: string, trust: string): Promise<void> {
  const request = https.get(server, { ca: readFileSync(trust), agent: false });
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  response.resume();
  if (response.statusCode !== 200) throw new Error(`status ${String(response.statusCode)}`);
}

/** Shows the files below a folder, as nginx shows `acmeDirectory`. */
export class Site {
  readonly folder: string;
  /** Paths that were asked for. */
  readonly asked: string[] = [];
  /** While false it shows none but our own probes. */
  showsChallenges = true;
  #port = 0;
  readonly #server = http.createServer((request, response) => {
    const place = request.url ?? "/";
    this.asked.push(place);
    try {
      if (!this.showsChallenges && !place.includes("/probe-")) throw new Error("none");
      response.end(readFileSync(path.join(this.folder, place)));
    } catch {
      response.writeHead(404).end();
    }
  });

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  /** On the same port again after a stop. */
  async start(): Promise<void> {
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  get port(): number {
    return this.#port;
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
