/**
 * The app server as a stack declares it, in real containers of this checkout's images: `AppServer` on a
 * `DockerHost`, by the real engine, with the official editor in Chromium in front of it and a worker
 * behind it. It proves nothing of the official docker provider, of ssh, registries and GPUs.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import tls from "node:tls";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Editor } from "./browser/editor.ts";
import { startDaemonWithBaseImage } from "./docker/base-image.ts";
import type { DockerDaemon } from "./docker/daemon.ts";
import { ContainerisedAppServer, PREFIX, SERVER_NAME } from "./images/app-server.ts";
import { ServiceImages } from "./images/service-images.ts";
import { launchTrustingBrowser } from "./nginx/browser.ts";
import { makeCertificates, type Certificates } from "./nginx/certificates.ts";

const BUILD_MS = 1_200_000;
const FLUX = "flux2_klein_4b_text_to_image";
const SERVICES = [
  ...["backup", "certificates", "frontend-0-11-1", "nginx"],
  ...["queue-manager-1", "queue-manager-2", "redis"],
];

const started = await startDaemonWithBaseImage();
const reason = "unavailable" in started ? started.unavailable : undefined;
if (reason !== undefined) console.warn(`app-server-in-containers.test.ts is skipped: ${reason}`);
afterAll(async () => {
  if (!("unavailable" in started)) await started.remove();
});

describe.skipIf(reason !== undefined)("the app server in containers", () => {
  const daemon = started as DockerDaemon;
  const folder = mkdtempSync(path.join(tmpdir(), "comfymulti-certificates-"));
  let certificates: Certificates;
  let server: ContainerisedAppServer;

  beforeAll(async () => {
    const builder = await ServiceImages.prepare(daemon);
    const built = {
      "queue-manager": await builder.build("queue-manager"),
      frontend: await builder.build("frontend"),
      nginx: await builder.build("nginx"),
      redis: await builder.build("redis"),
      certificates: await builder.buildOwn("certificates"),
      backup: await builder.buildOwn("backup"),
    };
    await builder.remove();
    certificates = makeCertificates(folder, SERVER_NAME);
    tls.setDefaultCACertificates([certificates.authority]);
    server = await ContainerisedAppServer.prepare(daemon, built, certificates);
  }, BUILD_MS);
  afterAll(async () => {
    await server.remove();
    rmSync(folder, { recursive: true });
  });

  const lines = async (...list: string[]) =>
    (await daemon.docker(...list)).split("\n").filter((line) => line.startsWith(PREFIX));

  it("comes up once every service is well by its own check", async () => {
    const { succeeded, output } = await server.run("up");
    expect(succeeded, output).toBe(true);
    const format = "{{.Names}} {{.Status}}";
    expect((await lines("ps", "--format", format)).sort()).toEqual(
      SERVICES.map((service) => expect.stringMatching(`^${PREFIX}-${service} Up .*\\(healthy\\)$`)),
    );
  });

  it.each(SERVICES)("%s runs as nobody, and can change nothing but its data", async (service) => {
    const name = `${PREFIX}-${service}`;
    const inside = (command: string) => daemon.docker("exec", name, "sh", "-c", command);
    expect(await inside("id -u; grep CapEff /proc/1/status")).toMatch(/^10001\nCapEff:\s+0+$/);
    expect(await inside("touch /app/x 2>&1 || true")).toContain("Read-only file system");
  });

  it("two participants in Chromium run at once, and each sees the progress and the picture of their own", async () => {
    await server.startWorker();
    const browser = await launchTrustingBrowser(certificates);
    try {
      const people = ["user001", "user020"].map((id) => server.participant(id));
      const editors = await Promise.all(people.map((one) => Editor.open(browser, one)));
      await Promise.all(
        editors.map(async (editor, index) => {
          await editor.openTemplate(FLUX);
          // Not alike: ComfyUI would answer the second from its cache, without progress.
          await editor.setWidget("Flux2Scheduler", "steps", 100 + index);
          const job = await editor.run();
          const image = await editor.picture(job);
          expect(editor.frames.ofType("progress_state").length).toBeGreaterThan(0);
          expect(editor.frames.binary.length).toBeGreaterThan(0);
          expect(editor.frames.jobs()).toEqual(new Set([job]));
          expect(await sharp(await editor.bytes(image)).metadata()).toMatchObject({
            format: "png",
          });
        }),
      );
    } finally {
      await browser.close();
    }
  });

  it("stays as it is when nothing changed", async () => {
    const { changes, output } = await server.run("up");
    expect(Object.keys(changes), output).toEqual(["same"]);
  });

  it("is gone after destroy, with its networks", async () => {
    const { succeeded, output } = await server.run("destroy");
    expect(succeeded, output).toBe(true);
    expect(await lines("ps", "--all", "--format", "{{.Names}}")).toEqual([]);
    expect(await lines("network", "ls", "--format", "{{.Name}}")).toEqual([]);
  });
});
