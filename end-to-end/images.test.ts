/**
 * The app server's images, built for real and run as closed as on a server: as user 10001, with a
 * read-only root and no capabilities. It proves that each starts, is well by its own check, does its
 * part and ends by its signal; nothing of registries, and nothing of the full ComfyUI's image, which
 * needs packages that no registry within reach has.
 */
import { execFileSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { chownSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { comfyuiVersions } from "@comfymulti/workflows";
import pRetry from "p-retry";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { QUEUE_RULES, renderRedisConfig } from "../components/app-server/redis-config.ts";
import { repository } from "../components/installation.ts";
import { renderNginxConfig } from "../services/nginx/src/index.ts";
import { startDaemonWithBaseImage } from "./docker/base-image.ts";
import type { DockerDaemon } from "./docker/daemon.ts";
import { Containers } from "./images/containers.ts";
import { serviceImages, ServiceImages, type ServiceImage } from "./images/service-images.ts";
import { makeCertificates } from "./nginx/certificates.ts";

const BUILD_MS = 1_200_000;
const VERSION = "0.11.1";
const TOKENS = {
  user: "token-of-user001-0123",
  admin: "token-of-the-admin-0123",
  worker: "token-of-worker-1-0123",
  frontend: "token-of-the-frontend-0123",
};
const REDIS_PASSWORD = "of-this-test-alone";
/** Each of these must never reach a builder. */
const BAITS = [
  ".comfymulti/stacks/local/secret",
  ".git/config",
  ".env",
  "Pulumi.workshop.yaml",
  "node_modules/left/index.js",
  "services/Pulumi.local.yaml",
  "services/queue-manager/.env",
  "services/queue-manager/.env.local",
  "services/queue-manager/node_modules/left/index.js",
  "services/frontend/.comfymulti/secret",
  "workflows/server.log",
];

const started = await startDaemonWithBaseImage();
const reason = "unavailable" in started ? started.unavailable : undefined;
if (reason !== undefined) console.warn(`images.test.ts is skipped: ${reason}`);
afterAll(async () => {
  if (!("unavailable" in started)) await started.remove();
});

it("are started by scripts that shellcheck finds no fault with", () => {
  const scripts = [
    ...["nginx/start.sh", "redis/start.sh", "redis/health.sh"].map((name) => `images/${name}`),
    "frontend/comfyui-image/entrypoint.sh",
  ].map((name) => path.join(repository, "services", name));
  expect(execFileSync("shellcheck", scripts, { encoding: "utf8" })).toBe("");
});

describe.skipIf(reason !== undefined)("the app server's images", () => {
  const daemon = started as DockerDaemon;
  const folder = mkdtempSync(path.join(tmpdir(), "comfymulti-images-test-"));
  const images = {} as Record<ServiceImage, string>;
  let builder: ServiceImages;
  let containers: Containers;

  beforeAll(async () => {
    containers = await Containers.prepare(daemon);
    builder = await ServiceImages.prepare(daemon);
    for (const bait of BAITS) {
      const file = path.join(builder.context, bait);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, "a secret");
    }
    for (const name of serviceImages) images[name] = await builder.build(name, VERSION);
  }, BUILD_MS);
  afterAll(async () => {
    await builder.remove();
    rmSync(folder, { recursive: true });
  });

  /** A folder that the containers' user owns. */
  function ownFolder(name: string): string {
    const place = path.join(folder, name);
    mkdirSync(place);
    chownSync(place, 10001, 10001);
    return place;
  }

  it("are built without anything secret or left over in the builder's folder", async () => {
    const image = await builder.build("manifests");
    const found = await daemon.docker(
      ...["run", "--rm", image, "find", "/repository", "-type", "f", "-printf", String.raw`%P\n`],
    );
    const files = found.split("\n");
    expect(files).toContain("services/queue-manager/src/main.ts");
    expect(files.filter((file) => BAITS.includes(file))).toEqual([]);
    const strange = /(^|\/)(node_modules|\.git|\.comfymulti|test)\/|\.test\.ts$|\.env|Pulumi\./;
    expect(files.filter((file) => strange.test(file))).toEqual([]);
  });

  it.each(serviceImages)(
    "%s runs as nobody, knows its health, and says what it is",
    async (name) => {
      const [image] = JSON.parse(
        await daemon.docker("image", "inspect", images[name]),
      ) as unknown[];
      expect(image).toMatchObject({
        Config: {
          User: "10001:10001",
          Healthcheck: { Test: expect.arrayContaining(["CMD"]) as unknown },
          Labels: {
            "org.opencontainers.image.title": `comfymulti-${name}`,
            "org.opencontainers.image.base.name": builder.base,
          },
        },
      });
      console.log(`${name}: ${await builder.sizeMb(images[name])} MB beside the base image`);
    },
  );

  describe("run as closed as on a server", () => {
    const editorVersion = comfyuiVersions[VERSION]?.frontendPackage ?? "";
    const asked = { connect: ["curl", "-sk", "--resolve", "comfy.test:443:127.0.0.1"] };
    /** What nginx answers to a path. */
    const site = (place: string, ...options: string[]) =>
      containers.inside("nginx", ...asked.connect, ...options, `https://comfy.test${place}`);
    let tls: string;
    let editor: string;

    beforeAll(() => {
      tls = ownFolder("tls");
      editor = ownFolder("editor");
    });

    it("redis keeps to its configuration, and an unknown visitor counts as an answer", async () => {
      const config = renderRedisConfig({
        listenAddress: "0.0.0.0",
        port: 6379,
        dataDirectory: "/data",
        users: [{ name: "manager", passwordHash: sha256(REDIS_PASSWORD), rules: QUEUE_RULES }],
      });
      await containers.startHealthy("redis", images.redis, {
        environment: { REDIS_CONFIG: config },
        folders: { [ownFolder("redis")]: "/data" },
      });
      expect(await containers.inside("redis", "redis-cli", "ping")).toContain("NOAUTH");
      const known = [
        "redis-cli",
        "--user",
        "manager",
        "--pass",
        REDIS_PASSWORD,
        "--no-auth-warning",
      ];
      const answer = await containers.inside("redis", ...known, "config", "get", "appendfsync");
      expect(answer).toBe("appendfsync\nalways");
    });

    it("redis does not start without a configuration, when it would let everybody in", async () => {
      expect(await containers.runToEnd("bare-redis", images.redis)).toEqual({
        code: 78,
        log: "REDIS_CONFIG is empty: give the text of redis.conf.\n",
      });
    });

    it("the frontend serves its editor compressed, and gives nginx the hashed files", async () => {
      await containers.startHealthy("frontend", images.frontend, {
        environment: {
          FRONTEND_TOKEN: TOKENS.frontend,
          USERS: '["user001"]',
          EDITOR_DIRECTORY: "/editor",
          NODE_COMPILE_CACHE: "/tmp/node",
        },
        folders: { [ownFolder("userdata")]: "/data", [editor]: "/editor" },
      });
      const address = `http://${await containers.addressOf("frontend")}:8620`;
      const ask = (place: string) =>
        fetch(new URL(place, address), {
          headers: {
            authorization: `Bearer ${TOKENS.frontend}`,
            "comfy-user": "user001",
            "accept-encoding": "br",
          },
        });
      const page = await (await ask("/user001/")).text();
      expect(page).toContain("<!doctype html>");
      const script = /assets\/index-[^"]*\.js/.exec(page)?.[0] ?? "no script";
      const compressed = await ask(`/user001/${script}`);
      expect(compressed.headers.get("content-encoding")).toBe("br");
      await compressed.body?.cancel();
      expect(readdirSync(editor)).toEqual([editorVersion]);
      expect(readdirSync(path.join(editor, editorVersion, "assets"))).toContainEqual(
        expect.stringMatching(/^index-.{8}\.js\.gz$/),
      );
      expect(await containers.log("frontend")).not.toContain('"level":40');
    });

    it("the queue manager comes up with its Redis, and has its library for pictures", async () => {
      await containers.startHealthy("queue-manager", images["queue-manager"], {
        environment: {
          APP_SERVER_REDIS_HOST: "redis",
          REDIS_USERNAME: "manager",
          REDIS_PASSWORD,
          ADMIN_TOKEN: TOKENS.admin,
          FRONTEND_TOKEN: TOKENS.frontend,
          WORKER_TOKENS: JSON.stringify({ "worker-1": TOKENS.worker }),
          USERS: JSON.stringify([
            { id: "user001", token: TOKENS.user, frontendUrl: "http://frontend:8620" },
          ]),
        },
        folders: { [ownFolder("files")]: "/data" },
      });
      const sharp = `const { default: sharp } = await import("sharp");
        const create = { width: 8, height: 8, channels: 3, background: "red" };
        console.log((await sharp({ create }).webp().toBuffer()).subarray(8, 12).toString());`;
      const node = ["node", "--input-type=module", "--eval", sharp];
      expect(await containers.inside("queue-manager", ...node)).toBe("WEBP");
    });

    it("the dispatcher waits for jobs", async () => {
      await containers.startHealthy("dispatcher", images.dispatcher, {
        environment: {
          ENDPOINT_URL: "http://127.0.0.1:9/deployment",
          INFERENCE_KEY: "a-key",
          SLOT_TOKENS: JSON.stringify({ "worker-1": TOKENS.worker }),
          QUEUE_MANAGER_URL: "http://queue-manager:8600",
          APP_SERVER_REDIS_HOST: "redis",
          REDIS_USERNAME: "manager",
          REDIS_PASSWORD,
        },
        folders: { [ownFolder("dispatcher")]: "/data" },
      });
      expect(await containers.inside("dispatcher", "id", "-u")).toBe("10001");
    });

    const nginx = async () => ({
      environment: {
        NGINX_CONFIG: renderNginxConfig({
          serverName: "comfy.test",
          tls: { certificate: "/tls/certificate.pem", certificateKey: "/tls/key.pem" },
          acmeDirectory: "/acme",
          editorDirectory: "/editor",
          queueManagers: [`${await containers.addressOf("queue-manager")}:8600`],
          users: [{ id: "user001", kind: "light", editorVersion }],
          maintenanceFlag: "/acme/maintenance",
          runDirectory: "/tmp/nginx",
          listenAddresses: ["0.0.0.0"],
        }),
        TLS_DIRECTORY: "/tls",
        SERVER_NAME: "comfy.test",
        CHECK_SECONDS: "1",
      },
      folders: { [tls]: "/tls", [editor]: "/editor:ro" },
    });

    it("nginx starts with a placeholder, and a participant's page comes through it", async () => {
      await containers.startHealthy("nginx", images.nginx, await nginx());
      const page = await site("/user001/", "--header", `Authorization: Bearer ${TOKENS.user}`);
      expect(page).toContain("<!doctype html>");
      const script = /assets\/index-[^"]*\.js/.exec(page)?.[0] ?? "no script";
      const headers = await site(`/user001/${script}`, "--compressed", "-D-", "-o/dev/null");
      expect(headers).toMatch(/cache-control: public, max-age=31536000, immutable/i);
      expect(headers).toMatch(/content-encoding: gzip/i);
      expect(await site("/user001/")).not.toContain("<!doctype html>\n<html");
    });

    it("nginx takes a new certificate without a restart, and leaves one that is broken", async () => {
      const place = (name: string, source: string) => {
        copyFileSync(source, path.join(tls, name));
        chownSync(path.join(tls, name), 10001, 10001);
      };
      const issued = makeCertificates(mkdirHere("issued"), "comfy.test");
      place("key.pem", issued.certificateKey);
      await said(/can't be used, the one before stays: .*key values mismatch/s);
      place("certificate.pem", issued.certificate);
      await said("is another one: reloading");
      await pRetry(async () => expect(await servedIssuer()).toContain("Test authority"), {
        retries: 50,
        minTimeout: 100,
        maxTimeout: 100,
      });
    });

    const mkdirHere = (name: string) => {
      const place = path.join(folder, name);
      mkdirSync(place);
      return place;
    };
    const said = (words: string | RegExp) =>
      pRetry(async () => expect(await containers.log("nginx")).toMatch(words), {
        retries: 100,
        minTimeout: 100,
        maxTimeout: 100,
      });
    async function servedIssuer(): Promise<string> {
      const show = "openssl s_client -connect 127.0.0.1:443 -servername comfy.test </dev/null";
      const text = await containers.inside("nginx", "sh", "-c", `${show} 2>/dev/null`);
      const pem = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/s.exec(text)?.[0];
      return pem === undefined ? "" : new X509Certificate(pem).issuer;
    }

    it("nginx ends with its sentence when its configuration is wrong", async () => {
      const wanted = await nginx();
      const environment = { ...wanted.environment, NGINX_CONFIG: "nonsense on;\n" };
      const { code, log } = await containers.runToEnd("bad-nginx", images.nginx, {
        ...wanted,
        environment,
      });
      expect(log).toContain('unknown directive "nonsense" in /tmp/nginx/nginx.conf:1');
      expect(code).toBe(78);
    });

    it("nginx says what is missing when it has no certificate and may not make one", async () => {
      const wanted = await nginx();
      const { code, log } = await containers.runToEnd("no-certificate", images.nginx, {
        ...wanted,
        folders: { [ownFolder("no-tls")]: "/tls:ro" },
      });
      expect(log).toContain("There is no certificate.pem with a key.pem in /tls, and user 10001");
      expect(code).toBe(1);
    });

    it.each(["nginx", "dispatcher", "queue-manager", "frontend", "redis"])(
      "%s ends in good order when it is asked to",
      async (name) => {
        expect(await containers.stop(name)).toBe(0);
      },
    );
  });
});

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
