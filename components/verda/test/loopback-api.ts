/** A small server with answers as a test scripts them, to see what the client makes of them. */
import fastify from "fastify";
import type { FastifyInstance } from "fastify";

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** No answer at all. */
  readonly silent?: boolean;
}

export interface Request {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: unknown;
}

export class LoopbackApi {
  readonly requests: Request[] = [];
  /** Tokens given out. */
  tokens = 0;
  tokenLifetimeSeconds = 3600;
  /** Delay of the token's answer, in milliseconds. */
  tokenDelay = 0;
  readonly #answers = new Map<string, Answer[]>();
  readonly #server: FastifyInstance;

  private constructor(server: FastifyInstance) {
    this.#server = server;
  }

  static async start(): Promise<LoopbackApi> {
    const server = fastify({ forceCloseConnections: true });
    const api = new LoopbackApi(server);
    server.post("/v1/oauth2/token", async (request, reply) => {
      await new Promise((wake) => setTimeout(wake, api.tokenDelay));
      const { client_secret } = request.body as { client_secret: string };
      if (client_secret !== "right-secret") {
        const message = `Invalid client id or client secret ${client_secret}`;
        return reply.code(401).send({ code: "unauthorized_request", message });
      }
      api.tokens += 1;
      return { access_token: `token-${api.tokens}`, expires_in: api.tokenLifetimeSeconds };
    });
    server.all("/v1/*", async (request, reply) => {
      const { method, url, headers, body } = request;
      api.requests.push({ method, url, authorization: headers.authorization, body });
      const queue = api.#answers.get(`${method} ${url.replace("/v1", "").split("?")[0]}`) ?? [];
      const answer = (queue.length > 1 ? queue.shift() : queue[0]) ?? { status: 404 };
      if (answer.silent) return reply.hijack();
      return reply
        .code(answer.status)
        .headers(answer.headers ?? {})
        .send(answer.body ?? { code: "not_found", message: "no such route" });
    });
    await server.listen({ host: "127.0.0.1", port: 0 });
    return api;
  }

  get baseUrl(): string {
    const address = this.#server.server.address();
    if (address === null || typeof address === "string") throw new Error("the server has no port");
    return `http://127.0.0.1:${address.port}/v1`;
  }

  /** One after another; the last stays. */
  answers(call: string, ...answers: Answer[]): void {
    this.#answers.set(call, answers);
  }

  async stop(): Promise<void> {
    await this.#server.close();
  }
}
