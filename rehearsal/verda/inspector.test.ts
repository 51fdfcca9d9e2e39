import { afterEach, describe, expect, it } from "vitest";
import { ORDER, startClient, type Client } from "./test/client.ts";

let client: Client;
afterEach(() => client.simulator.close());

const get = (path: string) => fetch(new URL(path, client.simulator.inspectorUrl));
const post = (path: string, body: unknown, method = "POST") =>
  fetch(new URL(path, client.simulator.inspectorUrl), {
    method,
    headers: { "content-type": "application/json" },
    ...(method === "POST" && { body: JSON.stringify(body) }),
  });

describe("the inspector", () => {
  it("shows what is there and what it costs, with everything escaped and nothing from elsewhere", async () => {
    client = await startClient();
    await client.make("/instances", { ...ORDER, description: "<script>alert('&')</script>" });
    const answer = await get("/");
    const page = await answer.text();
    expect(page).toContain("&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;");
    expect(page).not.toMatch(/<script|src=|href=/);
    expect(page).toContain("worker-1");
    expect(page).toMatch(/Balance\s+1000\.00 USD/);
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
  });

  it("lets another process see, jump, break, fill and evict", async () => {
    client = await startClient();
    const id = await client.make("/instances", { ...ORDER, is_spot: true });
    await post("/_simulator/advance", { ms: 60_000 });
    expect(await (await get("/_simulator/state")).json()).toMatchObject({
      inventory: { instances: [{ id, status: "running" }] },
      currency: "usd",
    });
    const fault = { method: "GET", kind: "error-503", times: 1 };
    expect((await post("/_simulator/faults", { ...fault, path: "/balance" })).status).toBe(201);
    await post("/_simulator/faults", { ...fault, pathPattern: "^/balan" });
    for (const status of [503, 503, 200]) {
      expect((await client.call("GET", "/balance")).status).toBe(status);
    }
    await post("/_simulator/faults", { ...fault, path: "/balance" });
    await post("/_simulator/faults", undefined, "DELETE");
    expect((await client.call("GET", "/balance")).status).toBe(200);
    expect((await post("/_simulator/evict", { instanceId: id })).status).toBe(200);
    await post("/_simulator/capacity", { location: "FIN-01", instanceType: "1V100.6V", count: 0 });
    expect((await client.call("POST", "/instances", ORDER)).status).toBe(503);
    const events = (await (await get("/_simulator/events")).json()) as { message: string }[];
    expect(events.map(({ message }) => message)).toContain("worker-1: evicted");
  });

  it("refuses what it does not understand, and is not under the API", async () => {
    client = await startClient();
    for (const [path, body] of [
      ["/_simulator/advance", { ms: -1 }],
      ["/_simulator/evict", { instanceId: "nobody" }],
      ["/_simulator/faults", { method: "GET", kind: "error-503", pathPattern: "(" }],
    ] as const) {
      expect([400, 404]).toContain((await post(path, body)).status);
    }
    expect((await client.call("GET", "/_simulator/state")).status).toBe(404);
  });
});
