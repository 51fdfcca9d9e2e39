/**
 * Proves what must not get through a real nginx with the rendered configuration in front of the real
 * platform, and how the site presents itself.
 */
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import tls from "node:tls";
import { describe, expect, test } from "vitest";
import { ADMIN_TOKEN, FULL_USER } from "./nginx/platform.ts";
import { refusalType } from "./nginx/refusal.ts";
import { ask, bearer } from "./nginx/request.ts";
import { usePlatform } from "./nginx/use-platform.ts";

const platform = usePlatform();
const first = () => platform().participant("user001");
const full = () => platform().participant(FULL_USER);

describe("a participant with a full ComfyUI", () => {
  const graph = JSON.stringify({ prompt: {}, client_id: "x" });
  const headers = () => ({ ...bearer(full().token), "content-type": "application/json" });

  test("Run goes to the shared queue, whatever the spelling, and never to that ComfyUI", async () => {
    for (const route of ["/prompt", "/api/prompt"]) {
      const { body } = await ask(platform().door.origin, `/${full().id}${route}`, {
        method: "POST",
        headers: headers(),
        body: graph,
      });
      expect(refusalType(body)).toBe("prompt_no_outputs");
    }
    for (const route of [
      ...["//prompt", "/%70rompt", "/api//prompt", "/api/api/prompt", "/api/%70rompt", "/prompt/"],
      ...["//queue", "//interrupt", "//free", "//history", "/api//history"],
    ]) {
      const { status } = await ask(platform().door.origin, `/${full().id}${route}`, {
        method: "POST",
        headers: headers(),
        body: graph,
      });
      expect(status, route).toBeGreaterThanOrEqual(400);
    }
    const paths = platform().comfyui.received.map(({ url }) => url);
    expect(paths.filter((url) => /prompt|queue|interrupt|free|history/.test(url))).toEqual([]);
  });

  test("its own routes arrive without the prefix, with %2F, and without what its code must not see", async () => {
    const { status, body } = await ask(
      platform().door.origin,
      `/${full().id}/api/userdata/workflows%2Fa%20b.json?overwrite=true`,
      { headers: { ...bearer(full().token), cookie: "a=b", "comfy-user": "user001" } },
    );
    expect(status).toBe(200);
    // Also: its wish to have nginx serve /health instead is not heard.
    expect(JSON.parse(body)).toEqual({
      path: "/api/userdata/workflows%2Fa%20b.json?overwrite=true",
    });
    const received = platform().comfyui.received.at(-1)?.headers;
    expect(received).toMatchObject({
      "comfy-user": full().id,
      host: new URL(platform().door.origin).host,
    });
    expect(received).not.toHaveProperty("authorization");
    expect(received).not.toHaveProperty("cookie");
  });

  test("the queue managers' way to it is closed to everybody else", async () => {
    const before = platform().comfyui.received.length;
    for (const wrong of [{}, bearer("a-token-that-somebody-made-up"), bearer(full().token)]) {
      const { status } = await ask(platform().frontendDoor, `/${full().id}/api/users`, {
        headers: wrong,
      });
      expect(status).toBe(403);
    }
    expect(platform().comfyui.received).toHaveLength(before);
  });
});

describe("requests that try to be taken for others", () => {
  test.each([
    "/user001/../user002/api/settings",
    "/user001/%2e%2e/user002/api/settings",
    "/user001/.%2E/admin/",
    "/user001/..%2fuser002/api/settings",
    "/user001/assets/..%2f..%2f..%2fetc%2fpasswd-AAAAAAAA.js",
    "/user001/%2e/api/settings",
    "/user001/..",
    "/user001/..%5cuser002/",
    "/api/v1/jobs/..%2f..%2f..%2fuser001%2f",
    "/internal/v1/jobs/x/../../../user001/",
  ])("%s is refused by nginx", async (route) => {
    const { status, body } = await ask(platform().door.origin, route, {
      headers: bearer(first().token),
    });
    expect(status).toBe(400);
    expect(body).toContain("<center>nginx</center>");
  });

  test.each([
    ["//user002/api/settings", 404],
    ["/user002//api/settings", 401],
    ["/user002/api/%73ettings", 401],
    ["/%75ser002/api/settings", 401],
    ["//admin/", 404],
    ["/%61dmin/", 401],
    ["/internal/v1/jobs/x/outputs", 403],
    ["//internal/v1/jobs/x/outputs", 403],
    ["/%69nternal/v1/jobs/x/outputs", 403],
    ["/metrics", 401],
    ["/api/v1/jobs", 401],
    ["/user999/", 404],
  ])("%s with another's token is answered %i", async (route, expected) => {
    const { status } = await ask(platform().door.origin, route, { headers: bearer(first().token) });
    expect(status).toBe(expected);
  });

  test("headers that name another user, site or scheme change nothing", async () => {
    const stored = await ask(platform().door.origin, "/user001/api/userdata/who.json", {
      method: "POST",
      headers: { ...bearer(first().token), "comfy-user": "user002", comfy_user: "user002" },
      body: '"user001"',
    });
    expect(stored.status).toBe(200);
    const own = await ask(platform().door.origin, "/user001/api/userdata/who.json", {
      headers: bearer(first().token),
    });
    expect(own.body).toBe('"user001"');
    const other = platform().participant("user002");
    const elsewhere = await ask(platform().door.origin, "/user002/api/userdata/who.json", {
      headers: bearer(other.token),
    });
    expect(elsewhere.status).toBe(404);

    const signIn = await ask(platform().door.origin, `/user001/?token=${first().token}`, {
      headers: { "x-forwarded-proto": "http" },
    });
    const [cookie = ""] = signIn.headers["set-cookie"] ?? [];
    expect(cookie).toMatch(/; Path=\/user001\/.*; Secure/);
    const crossSite = await ask(platform().door.origin, "/user001/api/queue", {
      method: "POST",
      headers: {
        cookie: cookie.split(";")[0],
        origin: "https://evil.example",
        "x-forwarded-host": "evil.example",
        forwarded: "host=evil.example",
      },
      body: "{}",
    });
    expect(crossSite.status).toBe(403);
    expect(refusalType(crossSite.body)).toBe("cross_site_request");
  });

  test("wrong tokens are counted by address, whatever address a header makes up", async () => {
    const statuses = new Set<number>();
    // Both queue managers count for themselves.
    for (let attempt = 0; attempt < 80; attempt++) {
      const { status } = await ask(platform().door.origin, "/user003/api/settings", {
        headers: {
          ...bearer(`a-wrong-token-number-${attempt}`),
          "x-forwarded-for": `198.51.100.${attempt}`,
          "x-real-ip": `198.51.100.${attempt}`,
          forwarded: `for=198.51.100.${attempt}`,
        },
      });
      statuses.add(status);
    }
    expect(statuses).toEqual(new Set([401, 429]));
  });

  test("a worker's routes are open to workers on their own port, and nothing else is", async () => {
    const { workerOrigin } = platform().door;
    expect((await ask(workerOrigin, "/internal/v1/jobs/x/inputs")).status).toBe(401);
    expect((await ask(workerOrigin, "/health")).status).toBe(200);
    for (const route of ["/", "/user001/", "/admin/", "/api/v1/jobs", "/metrics"]) {
      expect((await ask(workerOrigin, route, { headers: bearer(ADMIN_TOKEN) })).status).toBe(404);
    }
    expect((await ask(workerOrigin, "/internal/..%2fuser001/")).status).toBe(400);
  });
});

describe("the site itself", () => {
  test("plain HTTP leads to HTTPS, by the site's own name", async () => {
    const { status, headers } = await ask(platform().door.httpOrigin, "/user001/a%2Fb?x=1", {
      headers: { host: "evil.example" },
    });
    expect(status).toBe(308);
    expect(headers.location).toBe(`${platform().door.origin}/user001/a%2Fb?x=1`);
  });

  test("a certificate's challenge is answered on plain HTTP", async () => {
    const challenges = path.join(platform().door.acmeDirectory, ".well-known/acme-challenge");
    await mkdir(challenges, { recursive: true });
    await writeFile(path.join(challenges, "a-challenge"), "the answer");
    const route = "/.well-known/acme-challenge";
    expect((await ask(platform().door.httpOrigin, `${route}/a-challenge`)).body).toBe("the answer");
    expect((await ask(platform().door.httpOrigin, `${route}/another`)).status).toBe(404);
  });

  test("pages say how browsers must treat them, and not which nginx this is", async () => {
    const { headers } = await ask(platform().door.origin, "/user001/", {
      headers: bearer(first().token),
    });
    expect(headers).toMatchObject({
      server: "nginx",
      "strict-transport-security": "max-age=31536000",
      "x-content-type-options": "nosniff",
      "referrer-policy": "same-origin",
    });
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'self'");
    const landing = await ask(platform().door.origin, "/");
    expect(landing.headers["content-security-policy"]).toMatch(/^default-src 'none'/);
  });

  test("TLS 1.2 and other names are refused", async () => {
    const handshake = (options: tls.ConnectionOptions) =>
      new Promise<string>((resolve) => {
        const socket = tls.connect(
          {
            host: "127.0.0.1",
            port: platform().door.httpsPort,
            servername: "localhost",
            ...options,
          },
          () => {
            resolve(socket.getProtocol() ?? "");
            socket.destroy();
          },
        );
        socket.on("error", () => resolve("refused"));
      });
    expect(await handshake({})).toBe("TLSv1.3");
    expect(await handshake({ maxVersion: "TLSv1.2" })).toBe("refused");
    expect(await handshake({ servername: "evil.example", rejectUnauthorized: false })).toBe(
      "refused",
    );
    const { status } = await ask(platform().door.origin, "/", {
      headers: { host: "evil.example" },
    });
    expect(status).toBe(421);
  });

  test("the host's event stream comes event by event", async () => {
    const aborter = new AbortController();
    const answer = await fetch(`${platform().door.origin}/api/v1/events`, {
      headers: bearer(ADMIN_TOKEN),
      signal: aborter.signal,
    });
    expect(answer.headers.get("content-type")).toContain("text/event-stream");
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    const prompt = {
      1: { class_type: "EmptyImage", inputs: { width: 64, height: 64, batch_size: 1, color: 0 } },
      2: { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: "x" } },
    };
    const submitted = await fetch(`${first().url}prompt`, {
      method: "POST",
      headers: { ...bearer(first().token), "content-type": "application/json" },
      body: JSON.stringify({ prompt }),
    });
    expect(submitted.status, await submitted.text()).toBe(200);
    let heard = "";
    while (!heard.includes("event: completed")) {
      heard += (await reader?.read())?.value ?? expect.unreachable("the stream ended");
    }
    aborter.abort();
    expect(heard).toContain("event: enqueued");
  });

  test("nginx's own figures are on this machine's loopback only", async () => {
    const answer = await fetch(platform().door.statusUrl);
    expect(await answer.text()).toMatch(/^Active connections: \d+/);
    expect((await ask(platform().door.origin, "/status")).status).toBe(404);
  });

  test("the log has each request without its query and without the names of files", async () => {
    await ask(platform().door.origin, "/user001/api/userdata/workflows%2Fsecret%20plan.json", {
      headers: bearer(first().token),
    });
    await ask(platform().door.origin, `/user001/%3Ftoken=${first().token}`);
    await pause(100);
    const logs = await platform().door.logs();
    expect(logs).toContain('"path":"/user001/api/userdata/..."');
    expect(logs).not.toContain("secret%20plan");
    for (const secret of platform().secrets) expect(logs).not.toContain(secret);
  });
});
