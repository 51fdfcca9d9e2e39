/**
 * Access and refresh tokens: signed, so that they need no store and outlive a restart. Their life is
 * counted in real time, because a client counts it by its own clock.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { invalid, unauthorized } from "../world/refusal.ts";
import { parse } from "./body.ts";

const requestSchema = z.strictObject({
  grant_type: z.string(),
  client_id: z.string().max(500).optional(),
  client_secret: z.string().max(500).optional(),
  refresh_token: z.string().max(2000).optional(),
  scope: z.string().max(500).optional(),
});

const claimsSchema = z.object({
  kind: z.enum(["access", "refresh"]),
  expiresAt: z.number(),
  epoch: z.string(),
});
type Kind = z.output<typeof claimsSchema>["kind"];

export interface TokenSettings {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly tokenSeconds: number;
  readonly refreshTokenSeconds: number;
}

export class Tokens {
  readonly #settings: TokenSettings;
  /** Access tokens of another epoch are refused. */
  #epoch = "";

  constructor(settings: TokenSettings) {
    this.#settings = settings;
  }

  /** Answers a request for a token. @throws Refusal 400 or 401 */
  grant(body: unknown): object {
    const request = parse(requestSchema, body);
    if (request.grant_type === "refresh_token") {
      if (!this.#holds(request.refresh_token, "refresh")) {
        throw unauthorized("Invalid refresh token");
      }
    } else if (request.grant_type === "client_credentials") {
      const { clientId, clientSecret } = this.#settings;
      if (!same(request.client_id, clientId) || !same(request.client_secret, clientSecret)) {
        throw unauthorized("Invalid client id or client secret");
      }
    } else throw invalid("unsupported grant type");
    const { tokenSeconds, refreshTokenSeconds } = this.#settings;
    return {
      access_token: this.#make("access", tokenSeconds),
      refresh_token: this.#make("refresh", refreshTokenSeconds),
      token_type: "Bearer",
      expires_in: tokenSeconds,
      scope: "cloud-api-v1",
    };
  }

  /** @throws Refusal 401 when the header holds no valid access token */
  check(authorization: string | undefined): void {
    const token = /^Bearer (\S+)$/i.exec(authorization ?? "")?.[1];
    if (!this.#holds(token, "access")) throw unauthorized("Unauthorized");
  }

  /** Refuses every access token that was given so far. */
  expireAll(): void {
    this.#epoch = randomBytes(9).toString("hex");
  }

  #make(kind: Kind, seconds: number): string {
    const claims = { kind, expiresAt: Date.now() + seconds * 1000, epoch: this.#epoch };
    const unique = { ...claims, id: randomBytes(9).toString("hex") };
    const text = Buffer.from(JSON.stringify(unique)).toString("base64url");
    return `${text}.${this.#sign(text)}`;
  }

  #holds(token: string | undefined, kind: Kind): boolean {
    const [text, signature] = token?.split(".") ?? [];
    if (text === undefined || !same(signature, this.#sign(text))) return false;
    const claims = claimsSchema.parse(JSON.parse(Buffer.from(text, "base64url").toString("utf8")));
    const revoked = kind === "access" && claims.epoch !== this.#epoch;
    return claims.kind === kind && claims.expiresAt > Date.now() && !revoked;
  }

  #sign(text: string): string {
    const { clientId, clientSecret } = this.#settings;
    return createHmac("sha256", `${clientId}:${clientSecret}`).update(text).digest("base64url");
  }
}

function same(given: string | undefined, expected: string): boolean {
  const hash = (text: string) => createHmac("sha256", "compare").update(text).digest();
  return given !== undefined && timingSafeEqual(hash(given), hash(expected));
}
