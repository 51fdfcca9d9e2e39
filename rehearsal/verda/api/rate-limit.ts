/** Limits requests of the project and of each endpoint, in windows of real time. */
import type { SimulatorSettings } from "../options.ts";

interface Window {
  startedAt: number;
  used: number;
}

export interface RateDecision {
  readonly allowed: boolean;
  /** Whole seconds until the window that is full, or the endpoint's, begins anew. */
  readonly retryAfter: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Listing these may be asked for twice as often, by the OpenAPI document. */
const DOUBLE = new Set(["GET /v1/instances", "GET /v1/volumes"]);

export class RateLimit {
  readonly #limits: Exclude<SimulatorSettings["rateLimit"], false>;
  readonly #windows = new Map<string, Window>();

  constructor(limits: Exclude<SimulatorSettings["rateLimit"], false>) {
    this.#limits = limits;
  }

  /** Counts one request. `endpoint`: method and path pattern, such as `GET /v1/instances/:id`. */
  count(endpoint: string, now = performance.now()): RateDecision {
    const { project, endpoint: single, windowSeconds } = this.#limits;
    const quota = DOUBLE.has(endpoint) ? 2 * single : single;
    const both = [
      { name: "project", quota: project, window: this.#window("", now) },
      { name: "endpoint", quota, window: this.#window(endpoint, now) },
    ];
    const left = ({ startedAt }: Window) =>
      Math.max(1, Math.ceil(windowSeconds - (now - startedAt) / 1000));
    const full = both.filter((one) => one.window.used >= one.quota);
    if (full.length === 0) for (const { window } of both) window.used += 1;
    const list = (entry: (one: (typeof both)[number]) => string) => both.map(entry).join(", ");
    return {
      allowed: full.length === 0,
      retryAfter: Math.max(1, ...full.map(({ window }) => left(window))),
      headers: {
        "RateLimit-Policy": list((one) => `"${one.name}";q=${one.quota};w=${windowSeconds}`),
        RateLimit: list(
          (one) =>
            `"${one.name}";r=${Math.max(0, one.quota - one.window.used)};t=${left(one.window)}`,
        ),
      },
    };
  }

  #window(name: string, now: number): Window {
    const known = this.#windows.get(name);
    if (known && now - known.startedAt < this.#limits.windowSeconds * 1000) return known;
    const fresh = { startedAt: now, used: 0 };
    this.#windows.set(name, fresh);
    return fresh;
  }
}
