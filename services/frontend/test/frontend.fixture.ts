/** A running frontend service on a real socket, with a tiny bundle and an empty user data folder. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { buildApp } from "@comfymulti/frontend";
import type { Limits } from "@comfymulti/frontend";

export const token = "a-token-for-tests-only";

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  text: string;
  json: () => unknown;
}

/** Makes a bundle like the official one: an index, a hashed asset, a file without a hash. */
export function makeBundle(folder: string): void {
  mkdirSync(path.join(folder, "assets"), { recursive: true });
  mkdirSync(path.join(folder, "scripts"), { recursive: true });
  writeFileSync(path.join(folder, "index.html"), "<!doctype html><title>ComfyUI</title>");
  writeFileSync(path.join(folder, "assets", "app-Ab3_x-9Z.js"), "let x = 1;\n".repeat(1000));
  writeFileSync(path.join(folder, "scripts", "api.js"), "export const api = 1;");
  writeFileSync(path.join(folder, ".wheel-sha256"), "not served");
}

export async function startFrontend(limits?: Limits) {
  const folder = mkdtempSync(path.join(tmpdir(), "comfymulti-frontend-"));
  const bundleDirectory = path.join(folder, "bundle");
  const userdataDirectory = path.join(folder, "users");
  makeBundle(bundleDirectory);
  const app = await buildApp({
    environment: {
      FRONTEND_TOKEN: token,
      BUNDLE_DIRECTORY: bundleDirectory,
      USERDATA_DIRECTORY: userdataDirectory,
      USERS: ["user001", "user002"],
      COMFYUI_VERSION: "0.11.1",
    },
    ...(limits ? { limits } : {}),
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;

  /** Sends the path exactly as given (no client tidies up `..` or `%2F`), as user001's gateway. */
  function send(
    method: string,
    rawPath: string,
    body?: string | Buffer,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          ...{ host: "127.0.0.1", port, method, path: rawPath, agent: false },
          headers: { authorization: `Bearer ${token}`, "comfy-user": "user001", ...headers },
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
          incoming.on("error", reject);
          incoming.on("end", () => {
            const bytes = Buffer.concat(chunks);
            const text = bytes.toString("utf8");
            resolve({
              ...{ status: incoming.statusCode ?? 0, headers: incoming.headers, bytes, text },
              json: () => JSON.parse(text) as unknown,
            });
          });
        },
      );
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }

  return {
    bundleDirectory,
    userdataDirectory,
    send,
    async stop() {
      await app.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type Frontend = Awaited<ReturnType<typeof startFrontend>>;
