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

/**
 * Headers of every page: nothing runs in it, nothing frames it, and no other site learns its address.
 * (`no-referrer` would hide the origin of its own forms too, by which they are told from others'.)
 */
export const pageHeaders = {
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "same-origin",
  "cache-control": "no-store",
} as const;

const STYLE =
  ":root{color-scheme:dark}body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#ddd;background:#1b1b1f}" +
  "h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}" +
  "td,th{border-bottom:1px solid #444;padding:.3rem .6rem;text-align:left;vertical-align:top}" +
  "th{color:#aaa;font-weight:600}td.do{white-space:nowrap;text-align:right;position:sticky;right:0;background:#1b1b1f}td.do>*{margin-left:.3rem}.wide{overflow-x:auto}a{color:#90caf9}" +
  ".bad{color:#ff8a80}.good{color:#a5d6a7}.dim{color:#999}mark{background:#ffd54f;color:#000;padding:0 .3rem}" +
  "form{display:inline}button,a.button{font:inherit;font-size:.9rem;line-height:1.4;color:#ddd;background:#33333b;" +
  "border:1px solid #555;border-radius:.3rem;padding:.1rem .6rem;cursor:pointer;text-decoration:none;" +
  "display:inline-block}button:hover,a.button:hover{background:#44444f}button.danger{background:#7f1d1d}" +
  ".bar{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;align-items:center;border:1px solid #444;border-radius:.4rem;padding:.6rem 1rem}" +
  ".bar>:last-child{margin-left:auto}meter{width:8rem;vertical-align:middle}";

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
