/** The host's webhook: takes what Alertmanager sends. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { z } from "zod";

const messageSchema = z.object({
  alerts: z.array(
    z.object({
      status: z.enum(["firing", "resolved"]),
      labels: z.record(z.string(), z.string()),
      annotations: z.record(z.string(), z.string()),
    }),
  ),
});
export type ReceivedAlert = z.infer<typeof messageSchema>["alerts"][number];

export interface AlertReceiver {
  readonly url: string;
  /** Everything that came, oldest first. */
  readonly alerts: readonly ReceivedAlert[];
  close(): Promise<void>;
}

export async function receiveAlerts(): Promise<AlertReceiver> {
  const alerts: ReceivedAlert[] = [];
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      alerts.push(...messageSchema.parse(body).alerts);
      response.end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts`,
    alerts,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
