/**
 * Proves that the site gets and renews its certificate: lego against pebble, the test server of
 * Let's Encrypt, which checks the challenge as the real one does. Cloudflare's DNS is not in it.
 */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { repository } from "../components/installation.ts";
import { Authority, missingPrograms, Site } from "./certificates/authority.ts";

const script = path.join(repository, "services", "certificates", "certificates.sh");
const DAY = 86_400;

if (missingPrograms.length > 0) {
  console.warn(
    `certificates.test.ts is skipped: no ${missingPrograms.join(", no ")}; npm run setup brings it`,
  );
}

test("the scripts are sound", () => {
  const place = { cwd: repository, encoding: "utf8" } as const;
  expect(execFileSync("shellcheck", ["-x", path.relative(repository, script)], place)).toBe("");
});

describe.skipIf(missingPrograms.length > 0)("the site's certificate", () => {
  let folder: string;
  let site: Site;
  let authority: Authority | undefined;
  const children = new Set<ChildProcess>();

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "certificates-"));
    site = new Site(path.join(folder, "acme"));
    await site.start();
  });
  afterEach(async () => {
    for (const child of children) {
      child.kill("SIGTERM");
      await once(child, "close");
    }
    await site.stop();
    await authority?.stop();
    rmSync(folder, { recursive: true });
  });

  const startAuthority = async (validSeconds = 90 * DAY) => {
    const own = path.join(folder, "authority");
    mkdirSync(own);
    authority = await Authority.start({ folder: own, httpPort: site.port, validSeconds });
  };
  const tls = (name: string) => path.join(folder, "tls", name);

  function start(command: string, change: Readonly<Record<string, string>> = {}) {
    const child = spawn("bash", [script, command], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env.PATH,
        DOMAINS: "comfy.test",
        ACME_SERVER: authority?.server ?? "https://127.0.0.1:9/dir",
        ACME_EMAIL: "host@example.net",
        CHALLENGE: "http",
        ACME_DIRECTORY: site.folder,
        PROBE_ADDRESS: `127.0.0.1:${site.port}`,
        CERTIFICATE_DIRECTORY: path.join(folder, "tls"),
        STATE_DIRECTORY: path.join(folder, "state"),
        LEGO_CA_CERTIFICATES: authority?.trust ?? "",
        ...change,
      },
    });
    children.add(child);
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (text) => (output.stdout += String(text)));
    child.stderr.on("data", (text) => (output.stderr += String(text)));
    const ended = once(child, "close").then(([code]) => {
      children.delete(child);
      return { code: code as number | null, ...output };
    });
    return { child, output, ended };
  }
  const run = (command: string, change?: Readonly<Record<string, string>>) =>
    start(command, change).ended;
  const certificate = () => new X509Certificate(readFileSync(tls("certificate.pem")));
  const metrics = () =>
    readFileSync(path.join(folder, "state", "metrics", "certificates.prom"), "utf8");

  test("comes for all names with its issuers, and with a key that only its user can read", async () => {
    await startAuthority();
    const both = { DOMAINS: "comfy.test www.comfy.test" };
    expect(await run("once", both)).toMatchObject({ code: 0, stderr: "" });
    const got = certificate();
    expect(got.subjectAltName).toBe("DNS:comfy.test, DNS:www.comfy.test");
    expect(got.issuer).toContain("Pebble");
    expect(got.checkPrivateKey(createPrivateKey(readFileSync(tls("key.pem"))))).toBe(true);
    expect(readFileSync(tls("certificate.pem"), "utf8").match(/BEGIN CERT/g)).toHaveLength(2);
    expect(statSync(tls("key.pem")).mode & 0o777).toBe(0o600);
    expect(statSync(path.join(folder, "state")).mode & 0o777).toBe(0o700);
    expect(await run("health")).toMatchObject({ code: 0 });
    expect(metrics()).toMatch(/^comfymulti_certificate_not_after_timestamp_seconds [1-9]\d+$/m);
  });

  test("is not asked for again while it is good, and anew when a name is added", async () => {
    await startAuthority();
    await run("once");
    const { serialNumber } = certificate();
    const asked = site.asked.length;
    expect(await run("once")).toMatchObject({ code: 0 });
    expect([certificate().serialNumber, site.asked.length]).toEqual([serialNumber, asked]);

    expect(await run("once", { DOMAINS: "comfy.test new.comfy.test" })).toMatchObject({ code: 0 });
    expect(certificate().subjectAltName).toContain("new.comfy.test");
  });

  test("is renewed by itself when less than half of its life is left, as one pair with its key", async () => {
    await startAuthority(20);
    const service = start("serve", { CHECK_SECONDS: "2" });
    await expect.poll(() => service.output.stdout, { timeout: 60_000 }).toContain("valid until");
    const { serialNumber } = certificate();
    await expect.poll(() => certificate().serialNumber, { timeout: 90_000 }).not.toBe(serialNumber);
    const key = createPrivateKey(readFileSync(tls("key.pem")));
    expect(certificate().checkPrivateKey(key)).toBe(true);
    service.child.kill("SIGTERM");
    expect(await service.ended).toMatchObject({ code: 143, stderr: "" });
  });

  test("has a placeholder until nginx shows the challenge, without an attempt at the authority", async () => {
    await startAuthority();
    await site.stop();
    const service = start("serve");
    await expect.poll(() => existsSync(tls("certificate.pem")), { timeout: 30_000 }).toBe(true);
    expect(certificate().issuer).toContain("placeholder");
    await expect.poll(() => run("health").then(({ code }) => code), { timeout: 30_000 }).toBe(0);
    expect(service.output).toEqual({ stdout: "", stderr: "" });

    await site.start();
    await expect.poll(() => service.output.stdout, { timeout: 60_000 }).toContain("is valid until");
    expect(certificate().issuer).toContain("Pebble");
  });

  test("a refused challenge is one sentence, and the next attempt waits, over a restart too", async () => {
    await startAuthority();
    site.showsChallenges = false;
    const refused = await run("once");
    expect(refused.code).toBe(1);
    expect(refused.stderr.trim().split("\n")).toEqual([
      expect.stringMatching(
        /could not verify that comfy\.test is this server.*port 80.*next attempt is in 15 minutes/,
      ),
    ]);
    const health = await run("health");
    expect(health).toMatchObject({ code: 1, stderr: expect.stringContaining("could not verify") });
    expect(metrics()).toMatch(/^comfymulti_certificate_failures 1$/m);

    site.showsChallenges = true;
    const asked = site.asked.length;
    expect(await run("once")).toMatchObject({ code: 1, stdout: "", stderr: "" });
    expect(site.asked).toHaveLength(asked);
    expect(certificate().issuer).toContain("placeholder");

    expect(await run("once", { ACME_EMAIL: "other@example.net" })).toMatchObject({ code: 0 });
  });

  test("a failed renewal leaves the certificate that is there", async () => {
    await startAuthority();
    await run("once");
    const { serialNumber } = certificate();
    site.showsChallenges = false;
    expect(await run("once", { DOMAINS: "other.test" })).toMatchObject({ code: 1 });
    expect(certificate().serialNumber).toBe(serialNumber);
    expect(await run("health")).toMatchObject({ code: 0 });
  });

  test.each([
    ["a name that the authority refuses", { DOMAINS: "blocked.test" }, 1, "refuses a certificate"],
    ["an authority out of reach", { ACME_SERVER: "https://127.0.0.1:9/dir" }, 1, "be reached"],
    ["no address to write to", { ACME_EMAIL: "" }, 78, "ACME_EMAIL is not set"],
    ["no token for the DNS", { CHALLENGE: "dns" }, 78, "CLOUDFLARE_DNS_API_TOKEN is not set"],
    ["an unknown challenge", { CHALLENGE: "smoke" }, 78, "CHALLENGE is http or dns"],
  ])("%s is told in one sentence", async (_what, change, code, sentence) => {
    await startAuthority();
    const failed = await run("once", change);
    expect(failed.code).toBe(code);
    expect(failed.stderr.trim().split("\n")).toEqual([expect.stringContaining(sentence)]);
  });
});
