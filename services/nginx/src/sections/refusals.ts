/**
 * What nginx itself refuses, in the words of the queue manager's own refusals: JSON of which the
 * editor makes its dialog, or a short page. Answers of the services pass as they are.
 */
import { block, lines, sections } from "../text.ts";

interface Refusal {
  readonly status: number;
  readonly type: string;
  readonly message: string;
  readonly details: string;
  /** When to try again. */
  readonly retryAfterSeconds?: number;
}

// Not 400: nginx finds some requests invalid before they have a path, and then knows no location.
// No apostrophes and no dollar signs: the texts stand between apostrophes in nginx's language.
const refusals: readonly Refusal[] = [
  {
    status: 403,
    type: "forbidden",
    message: "This page is not open to your network",
    details: "Ask the host of the workshop if you need it.",
  },
  {
    status: 413,
    type: "too_large",
    message: "The request is too large",
    details: "Send a smaller file; your host can tell how large it may be.",
  },
  {
    status: 429,
    type: "too_many_requests",
    message: "Too many requests at once",
    details: "Nothing is lost; try again in a few seconds.",
    retryAfterSeconds: 5,
  },
  {
    status: 502,
    type: "service_unavailable",
    message: "The workshop is not reachable at the moment",
    details: "Your work in this tab is safe; try again in a few seconds.",
    retryAfterSeconds: 5,
  },
  {
    status: 503,
    type: "maintenance",
    message: "The workshop is being looked after",
    details: "It is back in a few minutes. Your work in this tab is safe; keep it open.",
    retryAfterSeconds: 60,
  },
  {
    status: 504,
    type: "service_timeout",
    message: "The workshop took too long to answer",
    details: "Your work in this tab is safe; try again in a moment.",
    retryAfterSeconds: 15,
  },
];

/** For a server: which of nginx's own answers are replaced. */
export const refusalPages: string = lines(
  ...refusals.map(({ status }) => `error_page ${status} @refuse_${status}_$refusal_form;`),
  'set $retry_after "";',
  "add_header Retry-After $retry_after always;",
);

export const refusalLocations: string = sections(
  ...refusals.flatMap((refusal) => [
    location(refusal, "json", "application/json", dialog(refusal)),
    location(refusal, "page", "text/html", page(refusal)),
  ]),
);

function location(
  { status, retryAfterSeconds }: Refusal,
  form: "json" | "page",
  type: string,
  body: string,
): string {
  return block(
    `location @refuse_${status}_${form}`,
    lines(
      retryAfterSeconds === undefined ? undefined : `set $retry_after ${retryAfterSeconds};`,
      `default_type ${type};`,
      `return ${status} '${body}';`,
    ),
  );
}

/** ComfyUI's form; any answer but 200 that has it opens the editor's dialog "message: details". */
export function dialog({ type, message, details }: Omit<Refusal, "status">): string {
  const error = { type, message, details, extra_info: {} };
  return JSON.stringify({ error, node_errors: {} });
}

function page({ message, details }: Refusal): string {
  return (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">' +
    `<meta name="viewport" content="width=device-width"><title>${message}</title>` +
    "<style>:root{color-scheme:dark}body{font:16px/1.5 system-ui,sans-serif;margin:4rem auto;" +
    "max-width:40rem;padding:0 1rem;color:#ddd;background:#1b1b1f}h1{font-size:1.4rem}</style></head>" +
    `<body><h1>${message}</h1><p>${details}</p></body></html>`
  );
}
