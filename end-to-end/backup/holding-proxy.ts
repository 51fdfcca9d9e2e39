/** An HTTP proxy before the object store that can keep a backup from ever being finished. */
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";

export class HoldingProxy {
  /** While true, what makes a backup one (its snapshot object) is taken in and never answered. */
  holdsSnapshots = false;
  /** Snapshot objects held so far. */
  held = 0;
  readonly #server = http.createServer((request, response) => this.#pass(request, response));
  readonly #upstream: URL;

  private constructor(upstream: string) {
    this.#upstream = new URL(upstream);
  }

  static async start(upstream: string): Promise<HoldingProxy> {
    const proxy = new HoldingProxy(upstream);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #pass(request: http.IncomingMessage, response: http.ServerResponse): void {
    if (this.holdsSnapshots && request.method === "PUT" && request.url?.includes("/snapshots/")) {
      this.held++;
      request.resume();
      return;
    }
    const { hostname, port } = this.#upstream;
    const onward = http.request({
      ...{ hostname, port, method: request.method, path: request.url, agent: false },
      // The host it was signed for stays.
      headers: request.headers,
    });
    onward.on("error", () => response.destroy());
    onward.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  }
}
