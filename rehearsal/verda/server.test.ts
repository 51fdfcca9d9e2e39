import { afterEach, describe, expect, it } from "vitest";
import { startVerdaSimulator } from "./index.ts";
import { CLIENT, ORDER, refusal, startClient, type Client } from "./test/client.ts";

let client: Client;
afterEach(() => client.simulator.close());

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
const grant = (fields: Record<string, string>, form = false) =>
  client.anonymous("POST", "/oauth2/token", {
    headers: { "content-type": form ? "application/x-www-form-urlencoded" : "application/json" },
    body: form ? new URLSearchParams(fields).toString() : JSON.stringify(fields),
  });
const credentials = {
  grant_type: "client_credentials",
  client_id: CLIENT.clientId,
  client_secret: CLIENT.clientSecret,
};
const unauthorized = (message: string) => refusal(401, "unauthorized_request", message);
const withToken = (token: unknown) =>
  client.anonymous("GET", "/balance", { headers: { authorization: `Bearer ${String(token)}` } });

describe("tokens", () => {
  it("are given for credentials in JSON or as a form, and for a refresh token", async () => {
    client = await startClient();
    const first = await grant(credentials, true);
    expect(first).toMatchObject({
      status: 200,
      json: { token_type: "Bearer", expires_in: 3600, scope: "cloud-api-v1" },
    });
    const { access_token: access, refresh_token: refresh } = first.json as Record<string, string>;
    expect((await withToken(access)).status).toBe(200);
    expect((await withToken(refresh)).status).toBe(401);
    const next = await grant({ grant_type: "refresh_token", refresh_token: refresh ?? "" });
    expect((await withToken((next.json as Record<string, string>)["access_token"])).status).toBe(
      200,
    );
    expect(await grant({ grant_type: "refresh_token", refresh_token: access ?? "" })).toMatchObject(
      unauthorized("Invalid refresh token"),
    );
  });

  it("are refused for another secret or grant", async () => {
    client = await startClient();
    expect(await grant({ ...credentials, client_secret: "x" })).toMatchObject(
      unauthorized("Invalid client id or client secret"),
    );
    expect(await grant({ ...credentials, grant_type: "password" })).toMatchObject(
      refusal(400, "invalid_request", "unsupported grant type"),
    );
  });

  it("end by themselves or when they are revoked, not by a jump of the clock", async () => {
    client = await startClient({ tokenSeconds: 0.5 });
    const { access_token: access } = (await grant(credentials)).json as Record<string, string>;
    await expect.poll(async () => (await withToken(access)).status, { timeout: 5000 }).toBe(401);
    await client.simulator.close();

    client = await startClient();
    client.pass(24 * 3600);
    expect((await client.call("GET", "/balance")).status).toBe(200);
    client.simulator.expireTokens();
    expect(await client.call("GET", "/balance")).toMatchObject(unauthorized("Unauthorized"));
    const fresh = (await grant(credentials)).json as Record<string, string>;
    expect((await withToken(fresh["access_token"])).status).toBe(200);
  });

  it("that were made up or belong to another simulator are refused", async () => {
    client = await startClient();
    const other = await startVerdaSimulator({ ...CLIENT, clientSecret: "other" });
    const answer = await fetch(`${other.url}/oauth2/token`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...credentials, client_secret: "other" }),
    });
    const { access_token: foreign } = (await answer.json()) as Record<string, string>;
    await other.close();
    for (const token of ["", "x", "a.b", foreign])
      expect((await withToken(token)).status).toBe(401);
  });
});

describe("the door", () => {
  it("asks for a token everywhere but at the price lists, and errs in JSON", async () => {
    client = await startClient();
    for (const open of [
      "/instance-types",
      "/volume-types",
      "/container-types",
      "/long-term/periods",
    ]) {
      expect((await client.anonymous("GET", open)).status).toBe(200);
    }
    for (const closed of ["/instances", "/locations", "/nowhere"]) {
      expect(await client.anonymous("GET", closed)).toMatchObject(unauthorized("Unauthorized"));
    }
    expect(await client.call("GET", "/nowhere")).toMatchObject(
      refusal(404, "not_found", "Cannot GET /nowhere"),
    );
    expect(await client.call("POST", "/instances", [])).toMatchObject({ status: 400 });
    expect(
      (await client.call("POST", "/scripts", { name: "x", script: "y".repeat(9e6) })).json,
    ).toEqual({ code: "invalid_request", message: "Request body is too large" });
  });

  it("answers creations with the bare id, and keys and scripts by id in a list", async () => {
    client = await startClient();
    for (const [path, body] of [
      ["/sshkeys", { name: "a", key: KEY }],
      ["/ssh-keys", { name: "b", key: KEY }],
      ["/scripts", { name: "c", script: "#!/bin/sh" }],
    ] as const) {
      const answer = await client.call("POST", path, body);
      expect(answer).toMatchObject({
        status: 201,
        text: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
      });
      expect(answer.headers.get("content-type")).toContain("text/plain");
      expect(await client.ask("GET", `${path}/${answer.text}`)).toMatchObject([{ ...body }]);
    }
    expect(await client.ask("GET", "/sshkeys")).toHaveLength(2);
    expect((await client.call("POST", "/ssh-keys", { name: "a", key: "no key" })).status).toBe(400);
  });

  it("lists scripts in pages, newest first", async () => {
    client = await startClient({ quota: { startupScripts: 12 } });
    for (let number = 1; number <= 12; number += 1) {
      client.pass(1);
      await client.make("/scripts", { name: `script-${number}`, script: "x" });
    }
    const answer = await client.call("GET", "/scripts?page=2");
    expect(answer.json).toMatchObject([{ name: "script-2" }, { name: "script-1" }]);
    expect(answer.headers.get("x-total-count")).toBe("12");
    expect(await client.ask("GET", "/scripts?pageSize=100")).toHaveLength(12);
    expect(await client.call("POST", "/scripts", { name: "x", script: "x" })).toMatchObject(
      refusal(400, "invalid_request", "Startup script limit exceeded"),
    );
  });

  it("limits an endpoint and the project, says so in headers, and opens again", async () => {
    client = await startClient({ rateLimit: { endpoint: 3, project: 8, windowSeconds: 1 } });
    const statuses = async (path: string, count: number) => {
      const list = [];
      for (let index = 0; index < count; index += 1) list.push(await client.call("GET", path));
      return list;
    };
    const first = await statuses("/balance", 4);
    expect(first.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    expect(first[0]?.headers.get("ratelimit-policy")).toBe('"project";q=8;w=1, "endpoint";q=3;w=1');
    expect(first[3]).toMatchObject(refusal(429, "rate_limit_exceeded", "Rate limit exceeded"));
    expect(first[3]?.headers.get("retry-after")).toBe("1");
    await expect
      .poll(async () => (await client.call("GET", "/balance")).status, { timeout: 5000 })
      .toBe(200);
  });

  it("forgets an order that was refused", async () => {
    client = await startClient();
    await client.call("POST", "/instances", { ...ORDER, ssh_key_ids: ["nobody"] });
    expect(client.simulator.inventory()).toMatchObject({
      instances: [],
      volumes: [],
      billable: [],
    });
  });
});
