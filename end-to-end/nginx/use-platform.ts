/** The whole platform for the tests of one file; at its end no secret may stand in nginx's logs. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import tls from "node:tls";
import { afterAll, beforeAll, expect } from "vitest";
import type { Participant } from "../stack-under-test.ts";
import { makeCertificates, type Certificates } from "./certificates.ts";
import { SERVER_NAME } from "./front-door.ts";
import { startPlatform, type Platform } from "./platform.ts";

export interface UsedPlatform extends Platform {
  readonly certificates: Certificates;
  participant(id: string): Participant;
}

/** @returns what gives the platform, once the file's tests run */
export function usePlatform(): () => UsedPlatform {
  let folder: string;
  let used: UsedPlatform | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "comfymulti-certificates-"));
    const certificates = makeCertificates(folder, SERVER_NAME);
    // All that this process asks for is held against the authority; nothing is waved through.
    tls.setDefaultCACertificates([certificates.authority]);
    const platform = await startPlatform(certificates);
    const participant = (id: string) =>
      platform.participants.find((one) => one.id === id) ?? expect.unreachable(`there is no ${id}`);
    used = { ...platform, certificates, participant };
  });

  afterAll(async () => {
    const logs = await used?.door.logs();
    await used?.close();
    await rm(folder, { recursive: true, force: true });
    const logged = used?.secrets.filter((secret) => logs?.includes(secret));
    expect(logged, "tokens in nginx's logs").toEqual([]);
  });

  return () => used ?? expect.unreachable("the platform is up while tests run");
}
