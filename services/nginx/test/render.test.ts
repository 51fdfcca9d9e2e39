import { describe, expect, test } from "vitest";
import { ZodError } from "zod";
import { renderGatewayToken, renderNginxConfig, type NginxSettingsInput } from "../src/index.ts";

const tls = {
  certificate: "/etc/comfymulti/tls/fullchain.pem",
  certificateKey: "/etc/comfymulti/tls/privkey.pem",
};

/** The least that has to be said. */
const least: NginxSettingsInput = {
  serverName: "comfy.example.net",
  tls,
  queueManagers: ["127.0.0.1:8101"],
  users: [{ id: "user001", kind: "light", editorVersion: "1.37.11" }],
};

/** Every setting in use. */
const workshop: NginxSettingsInput = {
  ...least,
  queueManagers: ["queue-manager-1:8101", "queue-manager-2:8101"],
  tls: { ...tls, profile: "intermediate", hstsSeconds: 600 },
  users: Array.from({ length: 20 }, (_, index) => {
    const id = `user${String(index + 1).padStart(3, "0")}`;
    if (index < 17) return { id, kind: "light", editorVersion: "1.37.11" };
    const full = { id, kind: "comfyui", editorVersion: "1.36.14" } as const;
    if (index === 17) return { ...full, address: `frontend-${id}:8188` };
    return { ...full, address: "frontend-shared:8188", multiUser: true };
  }),
  frontendDoor: {
    listen: { address: "172.30.0.2", port: 8200 },
    gatewayTokenFile: "/etc/comfymulti/gateway-token",
    resolver: "127.0.0.11",
  },
  workerDoor: { listen: { address: "100.64.0.7", port: 8300 } },
  workerNetworks: ["0.0.0.0/0", "::/0"],
  adminNetworks: ["100.64.0.0/10", "192.0.2.7"],
  trustedProxies: { networks: ["203.0.113.0/24"], header: "CF-Connecting-IP" },
  externalOrigins: ["https://api.example.net"],
  inlineScripts: true,
  systemUser: "www-data",
};

describe("the rendered configuration", () => {
  test("of the least settings is the one on record", async () => {
    await expect(renderNginxConfig(least)).toMatchFileSnapshot("golden/least.conf");
  });

  test("of a workshop with every setting is the one on record", async () => {
    await expect(renderNginxConfig(workshop)).toMatchFileSnapshot("golden/workshop.conf");
  });

  test("waits 900 s for a service and on a silent WebSocket", () => {
    const text = renderNginxConfig(least);
    expect(text).toContain("proxy_read_timeout 900s;");
    expect(text).toContain("proxy_send_timeout 900s;");
  });

  test("passes on the URI as it came, everywhere", () => {
    const targets = renderNginxConfig(workshop).match(/^ *proxy_pass .*$/gm) ?? [];
    expect(new Set(targets.map((line) => line.trim()))).toEqual(
      new Set([
        "proxy_pass http://queue_managers$request_uri;",
        "proxy_pass http://$frontend_address$frontend_path;",
      ]),
    );
  });

  test("repeats the security headers in every place that has headers of its own", () => {
    const blocks = renderNginxConfig(workshop).split(/^ *(?:location|server) /gm);
    for (const block of blocks.filter((text) => text.includes("add_header"))) {
      expect(block).toContain("add_header Content-Security-Policy $own_security_policy always;");
      expect(block).toContain('add_header Strict-Transport-Security "max-age=600" always;');
    }
  });

  test("has room for 20 participants, whose browsers open many connections at once", () => {
    expect(renderNginxConfig(workshop)).toContain("worker_connections 2560;");
  });
});

describe("settings that can't be meant", () => {
  const refused: readonly [string, Partial<NginxSettingsInput>, RegExp][] = [
    [
      "a name with a scheme",
      { serverName: "https://comfy.example.net" },
      /without scheme and port/,
    ],
    ["a name that ends its line", { serverName: "a;\n}" }, /must be a host name/],
    [
      "a path that ends its directive",
      { acmeDirectory: "/a; include /etc/passwd" },
      /absolute path/,
    ],
    ["a relative path", { runDirectory: "run" }, /absolute path/],
    ["a queue manager without a port", { queueManagers: ["127.0.0.1"] }, /HOST:PORT/],
    ["no queue manager", { queueManagers: [] }, /queueManagers|>=1/],
    ["a network that is none", { adminNetworks: ["all"] }, /address or a network/],
    ["an origin with a quote", { externalOrigins: [`https://a'b`] }, /externalOrigins/],
    [
      "a participant named twice",
      { users: [...least.users, ...least.users] },
      /must not name a user twice/,
    ],
    [
      "a participant called like a path of the platform",
      { users: [{ id: "admin", kind: "light", editorVersion: "1.37.11" }] },
      /choose another/,
    ],
    [
      "a full ComfyUI without a way to it",
      {
        users: [
          { id: "user001", kind: "comfyui", editorVersion: "1.37.11", address: "127.0.0.1:8188" },
        ],
      },
      /user001 has a full ComfyUI: set frontendDoor/,
    ],
    [
      "a full ComfyUI by name without a resolver",
      {
        users: [
          { id: "user001", kind: "comfyui", editorVersion: "1.37.11", address: "comfyui:8188" },
        ],
        frontendDoor: { listen: { port: 8200 }, gatewayTokenFile: "/etc/token" },
      },
      /is a name: set frontendDoor.resolver/,
    ],
  ];
  test.each(refused)("%s", (_what, wrong, sentence) => {
    const render = () => renderNginxConfig({ ...least, ...wrong });
    expect(render).toThrow(ZodError);
    expect(render).toThrow(sentence);
  });
});

test("the gateway's token is a line of a map, and nothing else gets into it", () => {
  expect(renderGatewayToken("a-token-of-the-gateway")).toBe('"Bearer a-token-of-the-gateway" 1;\n');
  expect(() => renderGatewayToken('x" 1; "~.*" 1; #xxxxxxxx')).toThrow("must be 16 to 256");
});
