/** The whole configuration as one text. */
import { maps } from "./sections/maps.ts";
import { privateServers } from "./sections/private-servers.ts";
import { proxySettings, upstream } from "./sections/proxy.ts";
import { publicServers, tlsSettings } from "./sections/public-server.ts";
import { nginxSettingsSchema, type NginxSettings, type NginxSettingsInput } from "./settings.ts";
import { block, lines, sections } from "./text.ts";

/**
 * Connections of one participant: up to 100 of a reload in two tabs with HTTP/1.1 and a WebSocket, each
 * with its counterpart towards a queue manager, and room for as many again.
 */
const CONNECTIONS_EACH = 128;
const FEWEST_CONNECTIONS = 1024;

/**
 * A complete `nginx.conf` for nginx 1.22 (Debian 12) or later. Holds no secret.
 *
 * @throws ZodError when the settings are not valid
 */
export function renderNginxConfig(input: NginxSettingsInput): string {
  const settings = nginxSettingsSchema.parse(input);
  return `${sections(header(settings), main(settings), http(settings))}\n`;
}

/** The file that `frontendDoor.gatewayTokenFile` names; its content is a secret. */
export function renderGatewayToken(token: string): string {
  if (!/^[A-Za-z0-9._~-]{16,256}$/.test(token)) {
    throw new Error("The gateway's token must be 16 to 256 characters of A-Z a-z 0-9 . _ ~ -");
  }
  return `"Bearer ${token}" 1;\n`;
}

/** The settings as they were, defaults included: whoever reads the file sees what to change. */
function header(settings: NginxSettings): string {
  const { users, ...others } = settings;
  return lines(
    "# Rendered by services/nginx from these settings; changes here are lost. Change the settings.",
    "#",
    ...Object.entries(others).map(([name, value]) => `# ${name}: ${JSON.stringify(value)}`),
    "# users:",
    ...users.map((user) => `#   ${JSON.stringify(user)}`),
  );
}

function main(settings: NginxSettings): string {
  const { users, systemUser, runDirectory, errorLog } = settings;
  const connections = Math.max(FEWEST_CONNECTIONS, users.length * CONNECTIONS_EACH);
  return sections(
    lines(
      systemUser === undefined ? undefined : `user ${systemUser};`,
      "worker_processes auto;",
      `# A file a connection, and some for what is read from disk.`,
      `worker_rlimit_nofile ${connections * 2};`,
      `pid ${runDirectory}/nginx.pid;`,
      "# Start, reload and lost processes.",
      `error_log ${errorLog} warn;`,
    ),
    `\
# Each process, for ${users.length} participants.
${block("events", `worker_connections ${connections};`)}`,
  );
}

function http(settings: NginxSettings): string {
  return block(
    "http",
    lines(
      "# Says neither version nor system.",
      "server_tokens off;",
      "sendfile on;",
      "tcp_nopush on;",
      "default_type application/octet-stream;",
      contentTypes,
    ),
    logging(settings),
    realAddress(settings),
    patience,
    temporaryFiles(settings),
    compression,
    tlsSettings(settings),
    maps(settings),
    limitZones(settings),
    upstream(settings),
    proxySettings(settings),
    publicServers(settings),
    privateServers(settings),
  );
}

/** Of the editor's hashed files; everything else brings its type along. */
const contentTypes = block(
  "types",
  `\
text/javascript js mjs;
text/css css;
text/html html;
text/plain txt;
application/json json;
application/wasm wasm;
image/svg+xml svg;
image/png png;
image/x-icon ico;
font/ttf ttf;
font/woff woff;
font/woff2 woff2;
application/vnd.ms-fontobject eot;
video/mp4 mp4;`,
);

function logging({ accessLog, errorLog }: NginxSettings): string {
  return `\
# A log line has no query, no Referer and no cookie: a personal link must not be read off it.
log_format requests escape=json
    '{"time":"$time_iso8601","address":"$remote_addr","method":"$request_method",'
    '"path":"$logged_path","status":$status,"bytes":$bytes_sent,"seconds":$request_time,'
    '"upstream":"$upstream_addr","upstreamStatus":"$upstream_status",'
    '"limited":"$limit_req_status$limit_conn_status","agent":"$http_user_agent"}';
access_log ${accessLog} requests;
# nginx's error log repeats the whole request line, and with it a link's token. Of requests it is
# therefore silent: the lines above say which service failed, and how.
error_log ${errorLog} emerg;`;
}

function realAddress({ trustedProxies }: NginxSettings): string | undefined {
  if (!trustedProxies) return undefined;
  return lines(
    "# The browser's address as the proxy in front tells it; from nobody else.",
    ...trustedProxies.networks.map((network) => `set_real_ip_from ${network};`),
    `real_ip_header ${trustedProxies.header};`,
    "real_ip_recursive on;",
  );
}

const patience = `\
# Slow senders hold a connection, nothing else. A name of a workflow may have 3 KiB.
client_header_timeout 15s;
client_body_timeout 60s;
send_timeout 60s;
keepalive_timeout 75s;
reset_timedout_connection on;
large_client_header_buffers 4 16k;`;

const temporaryFiles = ({ runDirectory }: NginxSettings) =>
  lines(
    ...["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (kind) => `${kind}_temp_path ${runDirectory}/${kind};`,
    ),
  );

const compression = `\
# Lists and node definitions shrink to a tenth. The frontend sends its own files compressed.
gzip on;
gzip_comp_level 5;
gzip_min_length 1400;
gzip_proxied any;
gzip_vary on;
gzip_types application/json text/css text/javascript text/plain image/svg+xml application/wasm font/ttf;`;

const limitZones = ({ rateLimit }: NginxSettings) => `\
# A whole workshop may sit behind one address: a participant's path counts with it. Wrong tokens are
# the queue manager's to count.
limit_req_zone $participant$binary_remote_addr zone=requests:4m rate=${rateLimit.requestsPerSecond}r/s;
limit_req_status 429;
limit_conn_zone $participant$binary_remote_addr zone=under_way:4m;
limit_conn_status 429;`;
