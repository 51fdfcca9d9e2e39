/**
 * What Cloudflare and Tailscale answer when they are asked what is there: the parts of their APIs that
 * list, over what the stand-ins have made.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";
import type { InventoryEntry } from "../../rehearsal/stand-ins/index.ts";

export interface AccountsApi {
  readonly url: string;
  stop(): Promise<void>;
}

const named = z.looseObject({ name: z.string() });

export interface Account {
  /** Cloudflare's, which must be given with every question. */
  readonly token: string;
  readonly made: () => readonly InventoryEntry[];
  /** Tailscale's machines: hostname → tag. */
  readonly machines: Readonly<Record<string, string>>;
}

export async function startAccountsApi({ token, made, machines }: Account): Promise<AccountsApi> {
  const things = (type: string) =>
    made()
      .filter((entry) => entry.type === type)
      .map(({ id, properties }) => ({ id, name: named.parse(properties).name }));
  const answer = (path: string, query: URLSearchParams): unknown => {
    if (path.endsWith("/r2/buckets")) {
      const part = query.get("name_contains") ?? "";
      const buckets = things("cloudflare:index/r2Bucket:R2Bucket");
      return { success: true, result: { buckets: buckets.filter((b) => b.name.includes(part)) } };
    }
    if (path.endsWith("/dns_records")) {
      const records = things("cloudflare:index/dnsRecord:DnsRecord");
      const result = records.filter(({ name }) => name === query.get("name.exact"));
      return { success: true, result: result.map((record) => ({ ...record, type: "A" })) };
    }
    if (path === "/tailnet/-/devices") {
      const devices = Object.entries(machines).map(([hostname, tag], index) => ({
        ...{ id: String(index), hostname, tags: [tag], isEphemeral: tag.endsWith("-worker") },
      }));
      return { devices };
    }
    return undefined;
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const body = answer(url.pathname, url.searchParams);
    const isAllowed = request.headers.authorization === `Bearer ${token}`;
    response.writeHead(isAllowed ? (body === undefined ? 404 : 200) : 401);
    response.end(JSON.stringify(body ?? {}));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise((ended) => {
        server.close(() => ended());
        server.closeAllConnections();
      }),
  };
}
