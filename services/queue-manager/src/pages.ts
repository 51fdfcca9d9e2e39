/** The few HTML pages of the gateway itself: plain words, no script, no outside resource. */
import type { GatewayError } from "./errors.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text made safe inside HTML, in elements and in quoted attributes. */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");

/** Headers of every page: nothing runs in it, nothing frames it, and no link leaks the address. */
export const pageHeaders = {
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
} as const;

const STYLE =
  "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#ddd;background:#1b1b1f}" +
  "h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}" +
  "td,th{border-bottom:1px solid #444;padding:.3rem .6rem;text-align:left}.bad{color:#ff8a80}.good{color:#a5d6a7}" +
  "mark{background:#ffd54f;color:#000;padding:0 .3rem}";

/** A whole page around a body of trusted HTML. `refreshSeconds` reloads it by itself. */
export function page(title: string, body: string, refreshSeconds?: number): string {
  const refresh =
    refreshSeconds === undefined ? "" : `<meta http-equiv="refresh" content="${refreshSeconds}">`;
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8">${refresh}` +
    `<meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title>` +
    `<style>${STYLE}</style></head><body>${body}</body></html>`
  );
}

export const errorPage = {
  headers: pageHeaders,
  html: (error: GatewayError): string =>
    page(
      error.message,
      `<h1>${escapeHtml(error.message)}</h1><p>${escapeHtml(error.options.details ?? "")}</p>`,
    ),
};
