/**
 * Who is asking. Three kinds of callers, three hooks: `requireUser` (a user's own routes, by cookie,
 * Bearer, Basic or link; the admin's Bearer opens them too), `requireAdmin` and `requireWorker`.
 * Wrong tokens are counted by address; right ones always pass, since a whole workshop may sit behind
 * one address. Guessing stays hopeless by the length of the tokens.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import rateLimit from "@fastify/rate-limit";
import cookie from "@fastify/cookie";
import type { FastifyReply, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import type { ConfiguredUser, Environment } from "../environment.ts";
import { errors } from "../errors.ts";
import { FAILED_LOGINS_PER_MINUTE } from "../limits.ts";

type Hook = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

declare module "fastify" {
  interface FastifyInstance {
    /** Needs `:user` in the path; sets `request.user`. */
    requireUser: Hook;
    requireAdmin: Hook;
    /** Sets `request.worker`. */
    requireWorker: Hook;
    /** Sets the cookie that stands for this link, after checking it; throws 401 for a wrong token. */
    signIn: (request: FastifyRequest, reply: FastifyReply, who: SignIn) => Promise<void>;
  }
  interface FastifyRequest {
    /** The user whose routes these are; set by `requireUser`. */
    user: ConfiguredUser;
    /** Name of the worker that asks; set by `requireWorker`. */
    worker: string;
  }
}

interface SignIn {
  readonly cookie: string;
  readonly path: string;
  readonly given: string;
  readonly expected: string;
}

export const userCookie = (id: string) => `comfymulti_${id}`;
export const ADMIN_COOKIE = "comfymulti_admin";

export default fp<{ environment: Environment }>(
  async (app, { environment }) => {
    await app.register(cookie);
    await app.register(rateLimit, { global: false });
    const countFailure = app.createRateLimit({
      max: FAILED_LOGINS_PER_MINUTE,
      timeWindow: "1 minute",
      keyGenerator: (request) => request.ip,
    });
    const users = new Map(environment.USERS.map((user) => [user.id, user]));
    const workers = Object.entries(environment.WORKER_TOKENS);

    /** Refuses: 401, or 429 after many wrong tokens. A request without any token is no guess. */
    async function refuse(request: FastifyRequest, given: readonly string[]): Promise<never> {
      if (given.length > 0) {
        const failures = await countFailure(request);
        if (!failures.isAllowed && failures.isExceeded) {
          throw errors.tooManyFailedLogins(failures.ttlInSeconds);
        }
      }
      throw errors.unauthorized();
    }

    app.decorateRequest("user", null as never);
    app.decorateRequest("worker", "");

    app.decorate("requireUser", async (request) => {
      const user = users.get((request.params as { user?: string }).user ?? "");
      if (!user) throw errors.notFound("User");
      const bearer = bearerToken(request);
      const basic = basicToken(request);
      const link = linkToken(request);
      const sent = request.cookies[userCookie(user.id)];
      const byHeader =
        sameSecret(bearer, user.token) || sameSecret(bearer, environment.ADMIN_TOKEN);
      if (!byHeader && !sameSecret(link, user.token)) {
        // A browser sends these two by itself, also for other sites.
        if (!sameSecret(sent, user.token) && !sameSecret(basic, user.token)) {
          await refuse(request, present(bearer, basic, link, sent));
        }
        refuseCrossSite(request);
      }
      request.user = user;
    });

    app.decorate("requireAdmin", async (request) => {
      const bearer = bearerToken(request);
      const sent = request.cookies[ADMIN_COOKIE];
      if (sameSecret(bearer, environment.ADMIN_TOKEN)) return;
      if (!sameSecret(sent, environment.ADMIN_TOKEN)) await refuse(request, present(bearer, sent));
      refuseCrossSite(request);
    });

    app.decorate("requireWorker", async (request) => {
      const bearer = bearerToken(request);
      // Every token is compared, so that the time does not tell which one is nearly right.
      const [name] = workers.filter(([, token]) => sameSecret(bearer, token))[0] ?? [];
      if (name === undefined) return refuse(request, present(bearer));
      request.worker = name;
    });

    app.decorate("signIn", async (request, reply, who) => {
      if (!sameSecret(who.given, who.expected)) await refuse(request, [who.given]);
      reply.setCookie(who.cookie, who.expected, {
        path: who.path,
        httpOnly: true,
        sameSite: "lax",
        secure: request.protocol === "https",
        maxAge: 30 * 24 * 3600,
      });
    });
  },
  { name: "authentication" },
);

/** Compares without telling by its time how much of the secret was right. */
function sameSecret(given: string | undefined, expected: string): boolean {
  if (given === undefined) return false;
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

const present = (...tokens: readonly (string | undefined)[]) =>
  tokens.filter((token) => token !== undefined);

function bearerToken(request: FastifyRequest): string | undefined {
  return /^Bearer (?<token>\S+)$/i.exec(request.headers.authorization ?? "")?.groups?.["token"];
}

/** The password of `Basic`: some client libraries know no other way. The name before it is ignored. */
function basicToken(request: FastifyRequest): string | undefined {
  const encoded = /^Basic (?<pair>\S+)$/i.exec(request.headers.authorization ?? "")?.groups?.[
    "pair"
  ];
  if (encoded === undefined) return undefined;
  const pair = Buffer.from(encoded, "base64").toString("utf8");
  return pair.slice(pair.indexOf(":") + 1);
}

/** `?token=` counts on WebSockets only, whose client libraries can't always set headers. */
function linkToken(request: FastifyRequest): string | undefined {
  const { token } = request.query as { token?: unknown };
  return request.ws && typeof token === "string" ? token : undefined;
}

/**
 * A cookie goes along with requests that other sites make. What changes something, and a WebSocket,
 * must come from our own pages where the browser says where it comes from.
 */
function refuseCrossSite(request: FastifyRequest): void {
  if (["GET", "HEAD", "OPTIONS"].includes(request.method) && !request.ws) return;
  const site = request.headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") throw errors.crossSite();
  const origin = request.headers.origin;
  if (origin === undefined) return;
  if (!URL.canParse(origin) || new URL(origin).host !== request.host) throw errors.crossSite();
}
