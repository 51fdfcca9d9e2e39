import { afterEach, describe, expect, it } from "vitest";
import { ORDER, refusal, startClient, type Client } from "./test/client.ts";

let client: Client;
afterEach(() => client.simulator.close());

const POST = { method: "POST", path: "/instances" } as const;
const instances = () => client.simulator.inventory().instances.length;

describe("an injected fault", () => {
  it("refuses before any effect, as often as it was told", async () => {
    client = await startClient();
    client.simulator.inject({ ...POST, kind: "error-500", times: 2 });
    client.simulator.inject({ ...POST, kind: "error-503" });
    client.simulator.inject({ ...POST, kind: "rate-limited", delayMs: 2500 });
    client.simulator.inject({ ...POST, kind: "unauthorized" });
    client.simulator.inject({ ...POST, kind: "bad-gateway" });
    const answers = [];
    for (let index = 0; index < 6; index += 1) {
      answers.push(await client.call("POST", "/instances", ORDER));
    }
    expect(answers.map(({ status }) => status)).toEqual([500, 500, 503, 429, 401, 502]);
    expect(answers[0]).toMatchObject(refusal(500, "server_error", "Internal server error"));
    expect(answers[3]?.headers.get("retry-after")).toBe("3");
    expect(answers[5]?.text).toContain("<h1>");
    expect(instances()).toBe(0);
    await client.make("/instances", ORDER);
    expect(instances()).toBe(1);
  });

  it("cuts the connection before or after the effect, or answers 500 after it", async () => {
    client = await startClient();
    for (const [kind, count] of [
      ["reset", 0],
      ["reset-after-effect", 1],
    ] as const) {
      client.simulator.inject({ ...POST, kind });
      await expect(client.call("POST", "/instances", ORDER)).rejects.toThrow("fetch failed");
      expect(instances()).toBe(count);
    }
    client.simulator.inject({ ...POST, kind: "error-after-effect" });
    expect(await client.call("POST", "/instances", ORDER)).toMatchObject(
      refusal(500, "server_error", "Internal server error"),
    );
    expect(instances()).toBe(2);
  });

  it("leaves a client waiting after the effect, until it gives up or the simulator ends", async () => {
    client = await startClient();
    client.simulator.inject({ ...POST, kind: "time-out-after-effect" });
    const waiting = expect(client.call("POST", "/instances", ORDER)).rejects.toThrow();
    await expect.poll(instances).toBe(1);
    await client.simulator.close();
    await waiting;
  });

  it("is slow and then as usual", async () => {
    client = await startClient();
    client.simulator.inject({ method: "*", path: /^\/bal/, kind: "slow", delayMs: 50 });
    expect((await client.call("GET", "/balance")).status).toBe(200);
    const faults = client.simulator.events().filter(({ kind }) => kind === "fault");
    expect(faults.map(({ message }) => message)).toEqual(["slow: GET /balance"]);
  });

  it("lets a deleted instance or volume be unknown instead of ended", async () => {
    client = await startClient();
    const id = await client.make("/instances", ORDER);
    const [disk] = client.simulator.inventory().volumes;
    const paths = [`/instances/${id}`, `/volumes/${disk?.id}`];
    client.simulator.inject({ method: "GET", path: /./, kind: "not-found-after-delete", times: 2 });
    const statuses = async () => {
      const answers = await Promise.all(paths.map((path) => client.call("GET", path)));
      return answers.map(({ status }) => status);
    };
    expect(await statuses()).toEqual([200, 200]);
    await client.call("PUT", "/instances", { id, action: "delete" });
    client.pass(60);
    expect(await statuses()).toEqual([404, 404]);
    expect(await statuses()).toEqual([200, 200]);
  });

  it("that nobody met can be taken back", async () => {
    client = await startClient();
    client.simulator.inject({ method: "GET", path: "/balance", kind: "error-500" });
    client.simulator.clearFaults();
    expect((await client.call("GET", "/balance")).status).toBe(200);
  });
});
