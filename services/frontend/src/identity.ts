/**
 * Who may ask: the gateway, by its token, for the user that the path names. The gateway has already
 * told participants apart; this is the second lock, so that one mistake there opens no other door.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { Refusal } from "./refusal.ts";

/** The user that the path names. Only after `identityCheck` accepted the request. */
export function userOf(request: FastifyRequest): string {
  return (request.params as { user: string }).user;
}

/** A hook that refuses everything but the gateway asking for a known user. */
export function identityCheck(token: string, users: readonly string[]) {
  const expected = digest(`Bearer ${token}`);
  const known = new Set(users);
  return async function checkIdentity(request: FastifyRequest): Promise<void> {
    // Sums of equal length are compared, so the time says nothing about the token.
    if (!timingSafeEqual(digest(request.headers.authorization ?? ""), expected)) {
      throw new Refusal(403, "This service answers the gateway only: open your personal link.");
    }
    const user = userOf(request);
    if (!known.has(user)) throw new Refusal(404, "There is no such user here.");
    if (request.headers["comfy-user"] !== user) {
      throw new Refusal(403, "The Comfy-User header must name the user of the path.");
    }
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
