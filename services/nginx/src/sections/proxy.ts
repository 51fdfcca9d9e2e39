/** How requests go on to the queue managers. */
import type { NginxSettings } from "../settings.ts";
import { block, lines } from "../text.ts";

export function upstream({ queueManagers }: NginxSettings): string {
  return `\
# Any of them answers any request. One that can't be reached is left out for 5 s. Each is there a second
# time, without that memory, for when all are left out: one of them may be back sooner, as in an update of
# one after the other.
${block(
  "upstream queue_managers",
  lines(
    "zone queue_managers 128k;",
    "least_conn;",
    ...queueManagers.map((address) => `server ${address} max_fails=1 fail_timeout=5s;`),
    ...queueManagers.map((address) => `server ${address} max_fails=0 backup;`),
    "keepalive 32;",
    "# Well below the services' own 72 s: a request must not meet a connection that is being closed.",
    "keepalive_timeout 30s;",
  ),
)}`;
}

/** For all servers. */
export function proxySettings({ timeoutSeconds, queueManagers }: NginxSettings): string {
  return `\
proxy_http_version 1.1;
proxy_connect_timeout 2s;
# Silence, not duration: a video's job, a WebSocket without news.
proxy_read_timeout ${timeoutSeconds}s;
proxy_send_timeout ${timeoutSeconds}s;
# Another queue manager is tried when one can't be reached or breaks off. What is not idempotent (POST)
# only when nothing of it was sent: a prompt is never queued twice. "non_idempotent" must not be added.
proxy_next_upstream error timeout;
proxy_next_upstream_tries ${queueManagers.length * 2};
proxy_next_upstream_timeout 10s;
proxy_redirect off;
# Videos of gigabytes go through memory at the browser's pace, not through a file of nginx's own.
proxy_max_temp_file_size 0;
proxy_buffers 16 16k;
proxy_buffer_size 16k;
# Not even a participant's own ComfyUI may tell nginx to serve another file.
proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Charset;`;
}

/**
 * Headers towards the queue manager. It trusts them, so all that it reads are set here and none is
 * taken over from outside. The cookie passes as it is.
 */
export function forwardedHeaders(connection: "kept" | "upgraded" = "kept"): string {
  return lines(
    "proxy_set_header Host $http_host;",
    "proxy_set_header X-Forwarded-For $remote_addr;",
    "proxy_set_header X-Forwarded-Proto $scheme;",
    'proxy_set_header X-Forwarded-Host "";',
    'proxy_set_header X-Forwarded-Port "";',
    'proxy_set_header X-Real-IP "";',
    'proxy_set_header Forwarded "";',
    'proxy_set_header Comfy-User "";',
    ...(connection === "upgraded"
      ? [
          "proxy_set_header Upgrade $http_upgrade;",
          "proxy_set_header Connection $connection_upgrade;",
        ]
      : ['proxy_set_header Upgrade "";', 'proxy_set_header Connection "";']),
  );
}

/** The URI as the browser wrote it: nginx's own form of it would have `%2F` decoded. */
export const toQueueManagers = "proxy_pass http://queue_managers$request_uri;";
