/** What browsers are told to allow the pages. */
import type { NginxSettings } from "../settings.ts";
import { lines } from "../text.ts";

/**
 * What the official editor needs (1.37.11, tried in Chromium): without `unsafe-eval` it does not start;
 * it sets styles in its elements, and shows pictures, videos and workers from blob: and data: addresses.
 */
export function contentSecurityPolicy(settings: NginxSettings): string {
  const { externalOrigins, inlineScripts } = settings;
  const inline = inlineScripts ? " 'unsafe-inline'" : "";
  const external = externalOrigins.map((origin) => ` ${origin}`).join("");
  return [
    "default-src 'self'",
    `script-src 'self' 'unsafe-eval'${inline}${external}`,
    `style-src 'self' 'unsafe-inline'${external}`,
    `img-src 'self' data: blob:${external}`,
    `media-src 'self' data: blob:${external}`,
    `font-src 'self' data:${external}`,
    `connect-src 'self' data: blob:${external}`,
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'self'",
  ].join("; ");
}

/**
 * A location with an `add_header` of its own inherits none, so it repeats these.
 */
export function securityHeaders({ tls }: NginxSettings): string {
  return lines(
    tls.hstsSeconds > 0
      ? `add_header Strict-Transport-Security "max-age=${tls.hstsSeconds}" always;`
      : undefined,
    "add_header Content-Security-Policy $own_security_policy always;",
    "# Not on refusals: browsers would complain of the 404 of a style sheet that need not exist.",
    "add_header X-Content-Type-Options $own_type_options;",
    "add_header Referrer-Policy $own_referrer_policy always;",
    'add_header Permissions-Policy "camera=(self), microphone=(self), geolocation=()" always;',
  );
}
