import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LoopbackApi } from "../test/loopback-api.ts";
import { isGone, isNoCapacity, VerdaError } from "./error.ts";
import { verdaSettings } from "./settings.ts";
import { VerdaClient } from "./verda-client.ts";

let api: LoopbackApi;
beforeEach(async () => (api = await LoopbackApi.start()));
afterEach(() => api.stop());

function clientWith(secret = "right-secret", timeoutMilliseconds = 5_000): VerdaClient {
  const settings = { clientId: "id", clientSecret: secret, baseUrl: api.baseUrl };
  return new VerdaClient(settings, { backoffMilliseconds: 1, timeoutMilliseconds });
}

/** The error that a call ends with. */
async function faultOf(call: Promise<unknown>): Promise<VerdaError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof VerdaError) return error;
  throw new Error("the call should have failed with a VerdaError", { cause: error });
}

const balance = { status: 200, body: { amount: 12.5, currency: "USD" } };
const outage = { status: 503, body: { code: "service_unavailable", message: "Down" } };
const key = { id: "k-1", name: "n", key: "ssh-ed25519 AAAA", fingerprint: null };

describe("the token", () => {
  test("is fetched once for calls at the same time, and kept for later ones", async () => {
    api.tokenDelay = 50;
    api.answers("GET /balance", balance);
    const client = clientWith();
    await Promise.all([client.balance(), client.balance(), client.balance()]);
    await client.balance();
    expect(api.tokens).toBe(1);
    expect(new Set(api.requests.map(({ authorization }) => authorization))).toEqual(
      new Set(["Bearer token-1"]),
    );
  });

  test("is renewed before it ends", async () => {
    api.tokenLifetimeSeconds = 0.001;
    api.answers("GET /balance", balance);
    const client = clientWith();
    await client.balance();
    await new Promise((wake) => setTimeout(wake, 5));
    await client.balance();
    expect(api.tokens).toBe(2);
  });

  test("that the API refuses is replaced once, also for a call that makes something", async () => {
    const refused = { status: 401, body: { code: "unauthorized_request", message: "expired" } };
    api.answers("POST /volumes", refused, { status: 202, body: "vol-1" });
    const body = { name: "v", type: "NVMe", size: 1, location_code: "FIN-01" };
    expect(await clientWith().createVolume(body)).toBe("vol-1");
    expect(api.tokens).toBe(2);
  });

  test("is refused with a cure, and the secret is in no message", async () => {
    const fault = await faultOf(clientWith("wrong-secret").balance());
    expect(fault).toMatchObject({ status: 401, code: "unauthorized_request" });
    expect(fault.message).toContain("Check VERDA_CLIENT_ID and VERDA_CLIENT_SECRET");
    expect(JSON.stringify([fault.message, fault])).not.toContain("wrong-secret");
  });

  test("needs credentials only when a call does", async () => {
    api.answers("GET /instance-types", { status: 200, body: [] });
    const client = new VerdaClient(verdaSettings({ VERDA_BASE_URL: api.baseUrl }));
    expect(await client.instanceTypes()).toEqual([]);
    const fault = await faultOf(client.balance());
    expect(fault.message).toContain("set VERDA_CLIENT_ID and VERDA_CLIENT_SECRET");
  });
});

describe("a call", () => {
  test.each([
    ["an outage", outage],
    ["too many requests", { ...outage, status: 429, headers: { "retry-after": "0" } }],
    ["a cut connection", { status: 0, silent: true }],
  ])("that may run twice is repeated after %s", async (_what, fault) => {
    api.answers("GET /balance", fault, fault, balance);
    expect(await clientWith("right-secret", 200).balance()).toEqual({
      amount: 12.5,
      currency: "usd",
    });
    expect(api.requests).toHaveLength(3);
  });

  test("that makes something is not repeated after an outage, which leaves its effect open", async () => {
    api.answers("POST /volumes", outage);
    const body = { name: "v", type: "NVMe", size: 1, location_code: "FIN-01" };
    expect(await faultOf(clientWith().createVolume(body))).toMatchObject({ ambiguous: true });
    expect(api.requests).toHaveLength(1);
  });

  test("that makes something is repeated when it was surely not served", async () => {
    const busy = { ...outage, status: 429, headers: { "retry-after": "0" } };
    api.answers("POST /ssh-keys", busy, { status: 201, body: "key-1" });
    expect(await clientWith().createSshKey({ name: "n", key: "k" })).toBe("key-1");
  });

  test("without an answer ends with what to check", async () => {
    api.answers("POST /ssh-keys", { status: 0, silent: true });
    const call = clientWith("right-secret", 100).createSshKey({ name: "n", key: "k" });
    const fault = await faultOf(call);
    expect(fault).toMatchObject({ code: "no_answer", ambiguous: true });
    expect(fault.message).toContain("Check the network and VERDA_BASE_URL");
  });

  test("says that there is no capacity, and is not repeated", async () => {
    const full = { code: "service_unavailable", message: "No capacity available" };
    api.answers("POST /instances", { status: 503, body: full });
    const fault = await faultOf(
      clientWith().createInstance({
        instance_type: "1V100.6V",
        image: "ubuntu-24.04",
        hostname: "h",
        description: "d",
        location_code: "FIN-01",
        ssh_key_ids: [],
        volumes: [],
        existing_volumes: [],
        is_spot: false,
      }),
    );
    expect(isNoCapacity(fault)).toBe(true);
    expect(fault.ambiguous).toBe(false);
    expect(fault.message).toContain("another location");
  });

  test.each([
    { status: 404, body: { code: "not_found", message: "nothing" } },
    { status: 400, body: { code: "invalid_request", message: "Invalid instance id" } },
  ])("for an unknown id is recognised by $status", async (answer) => {
    api.answers("GET /instances/x", answer);
    expect(isGone(await faultOf(clientWith().instance("x")))).toBe(true);
  });

  test.each(["..", "a/b", "", "a?b", "ä"])("is not sent for the id %j", async (id) => {
    expect((await faultOf(Promise.resolve().then(() => clientWith().volume(id)))).code).toBe(
      "invalid_id",
    );
    expect(api.requests).toEqual([]);
  });

  test("with an answer of another form names the place", async () => {
    api.answers("GET /balance", { status: 200, body: { amount: "much" } });
    const fault = await faultOf(clientWith().balance());
    expect(fault.code).toBe("strange_answer");
    expect(fault.message).toContain("at amount");
  });
});

describe("forms on which the sources disagree", () => {
  test.each([
    ["bare text", "id-1"],
    ["a JSON string", '"id-1"'],
    ["an object", '{"id":"id-1"}'],
  ])("an id may come as %s", async (_what, body) => {
    api.answers("POST /ssh-keys", { status: 201, body });
    expect(await clientWith().createSshKey({ name: "n", key: "k" })).toBe("id-1");
  });

  test.each([
    ["an array of one", [key]],
    ["an object", key],
  ])("a key may come as %s", async (_what, body) => {
    api.answers("GET /ssh-keys/k-1", { status: 200, body });
    expect(await clientWith().sshKey("k-1")).toMatchObject({ name: "n", fingerprint: undefined });
  });

  test("an action that one instance refused is a fault", async () => {
    const body = [
      { instanceId: "x", action: "start", status: "error", error: "no", statusCode: 400 },
    ];
    api.answers("PUT /instances", { status: 207, body });
    const fault = await faultOf(clientWith().actOnInstance({ id: "x", action: "start" }));
    expect(fault.reason).toBe("no");
  });

  test("an action may be answered by nothing", async () => {
    api.answers("PUT /instances", { status: 204, body: "" });
    await expect(clientWith().actOnInstance({ id: "x", action: "start" })).resolves.toBeUndefined();
  });

  test("scripts come in pages", async () => {
    const page = (count: number) => ({
      status: 200,
      body: Array.from({ length: count }, (_, id) => ({ id: `s${id}`, name: "n", script: "#!" })),
    });
    api.answers("GET /scripts", page(100), page(3));
    expect(await clientWith().scripts()).toHaveLength(103);
    expect(api.requests.map(({ url }) => url)).toEqual([
      "/v1/scripts?page=1&pageSize=100",
      "/v1/scripts?page=2&pageSize=100",
    ]);
  });
});

describe("settings", () => {
  test("of the stack go before those of the environment", () => {
    const environment = { VERDA_CLIENT_ID: "environment", VERDA_CLIENT_SECRET: "s" };
    expect(verdaSettings(environment, { clientId: "stack" })).toEqual({
      clientId: "stack",
      clientSecret: "s",
      baseUrl: "https://api.verda.com/v1",
    });
  });

  test.each([
    [{ VERDA_BASE_URL: "http://api.verda.com/v1" }, "verda:baseUrl must begin with https://"],
    [{ VERDA_BASE_URL: "api.verda.com" }, "verda:baseUrl must be a URL"],
    [{ VERDA_CLIENT_ID: "a b" }, "verda:clientId may hold no spaces"],
  ])("%j are refused", (environment, sentence) => {
    expect(() => verdaSettings(environment)).toThrow(sentence);
  });
});
