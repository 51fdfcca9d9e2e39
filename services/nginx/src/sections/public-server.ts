/** The site as browsers see it: HTTPS, and the redirect to it. */
import type { NginxSettings } from "../settings.ts";
import { block, lines, listenOn, sections } from "../text.ts";
import { forwardedHeaders, toQueueManagers } from "./proxy.ts";
import { refusalLocations, refusalPages } from "./refusals.ts";
import { securityHeaders } from "./security-headers.ts";

/** A name that the editor's build ends with a hash of its content, as in `index-BFHZsBkN.js`. */
const HASHED = "assets/[A-Za-z0-9_.-]+-[A-Za-z0-9_-]{8}\\.[a-z0-9]+";

/** Mozilla's intermediate list for TLS 1.2; TLS 1.3 has its own. */
const TLS_12_CIPHERS =
  "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:" +
  "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

export function publicServers(settings: NginxSettings): string {
  return sections(redirectServer(settings), strangerServer(settings), siteServer(settings));
}

function redirectServer({ listenAddresses, httpPort, httpsPort, ...settings }: NginxSettings) {
  const port = httpsPort === 443 ? "" : `:${httpsPort}`;
  return `\
# HTTP: the certificate's challenges, and the way to HTTPS. 308 keeps a POST a POST.
${block(
  "server",
  lines(
    ...listenAddresses.map((address) => `listen ${listenOn(address, httpPort)} default_server;`),
    `server_name ${settings.serverName};`,
  ),
  block(
    "location ^~ /.well-known/acme-challenge/",
    lines(
      `root ${settings.acmeDirectory};`,
      "default_type text/plain;",
      // Not `$request_uri`: only files inside the folder.
      "try_files $uri =404;",
    ),
  ),
  block("location /", `return 308 https://${settings.serverName}${port}$request_uri;`),
)}`;
}

function strangerServer({ listenAddresses, httpsPort }: NginxSettings) {
  return `\
# Who asks for another name gets no certificate; who changes the name afterwards, no page.
${block(
  "server",
  lines(
    ...listenAddresses.map(
      (address) => `listen ${listenOn(address, httpsPort)} ssl http2 default_server;`,
    ),
    "ssl_reject_handshake on;",
    "return 421;",
  ),
)}`;
}

function siteServer(settings: NginxSettings) {
  const { tls, listenAddresses, httpsPort, bodyLimits, users, adminNetworks } = settings;
  const limits = lines(
    `limit_req zone=requests burst=${settings.rateLimit.burst} nodelay;`,
    `limit_conn under_way ${settings.rateLimit.atOnce};`,
  );
  const maintenance = `if (-f ${settings.maintenanceFlag}) {\n    return 503;\n}`;
  /** A location for participants: limited, closed during maintenance. */
  const participantLocation = (name: string, ...body: readonly string[]) =>
    block(name, lines(maintenance, limits, ...body, toQueueManagers));
  const adminLocation = (name: string, ...body: readonly string[]) =>
    block(name, lines(onlyFrom(adminNetworks), limits, ...body, toQueueManagers));

  return block(
    "server",
    lines(
      ...listenAddresses.map((address) => `listen ${listenOn(address, httpsPort)} ssl http2;`),
      `server_name ${settings.serverName};`,
      `ssl_certificate ${tls.certificate};`,
      `ssl_certificate_key ${tls.certificateKey};`,
      `client_max_body_size ${bodyLimits.otherMib}m;`,
    ),
    forwardedHeaders(),
    lines(securityHeaders(settings), refusalPages),
    "if ($has_dot_segment) {\n    return 400;\n}",

    `\
# The editor's files with a hash in their name: the same for everybody, published, nothing of a
# participant in them. So they come from disk without asking who asks, and browsers keep them. The page
# itself and everything else is behind the cookie. What is not on disk comes from the frontend.
${block(
  `location ~ "^/[^/]+/(?<hashed_file>${HASHED})$"`,
  lines(
    securityHeaders(settings),
    'add_header Cache-Control "public, max-age=31536000, immutable";',
    `root ${settings.editorDirectory};`,
    "gzip_static on;",
    "try_files /$editor_version/$hashed_file @participant;",
  ),
)}`,
    participantLocation("location @participant"),

    `\
# The editor's live line. The queue manager pings it, so that it is never silent for long.
${participantLocation('location ~ "^/[^/]+/(?:api/)?ws$"', forwardedHeaders("upgraded"))}`,

    `\
# Run: always the shared queue, whatever frontend a participant has. Kept in memory whole before it is
# passed on, so that a slow line holds no place at the queue manager.
${participantLocation(
  'location ~ "^/[^/]+/(?:api/)?prompt$"',
  `client_max_body_size ${bodyLimits.promptMib}m;`,
  "client_body_buffer_size 1m;",
)}`,

    `\
# Uploads go straight through: the queue manager writes them to disk, nginx need not do it before.
${participantLocation(
  'location ~ "^/[^/]+/(?:api/)?upload/(?:image|mask)$"',
  `client_max_body_size ${bodyLimits.uploadMib}m;`,
  "proxy_request_buffering off;",
)}`,

    `\
# Participants' paths (${users.length} of them), the greeting at / and everything unknown.
${participantLocation(
  "location /",
  `client_max_body_size ${bodyLimits.uploadMib}m;`,
  "client_body_buffer_size 128k;",
)}`,

    block("location = /health", lines(limits, toQueueManagers)),
    adminLocation("location ^~ /admin/"),
    adminLocation("location ^~ /api/v1/"),
    `\
# Server-sent events, each as it comes.
${adminLocation("location = /api/v1/events", "proxy_buffering off;", "gzip off;")}`,
    adminLocation("location = /metrics"),
    `\
# Replicas outside the private network.
${workerLocation(settings, onlyFrom(settings.workerNetworks, "none"))}`,
    `# What nginx itself answers.\n${refusalLocations}`,
  );
}

/**
 * What workers send and fetch. Unbuffered: of a file that breaks off, the queue manager keeps what
 * came, and the worker goes on from there.
 */
export function workerLocation({ bodyLimits }: NginxSettings, access?: string): string {
  return block(
    "location ^~ /internal/",
    lines(
      access,
      `client_max_body_size ${bodyLimits.workerMib}m;`,
      "proxy_request_buffering off;",
      toQueueManagers,
    ),
  );
}

function onlyFrom(networks: readonly string[], otherwise?: "none"): string | undefined {
  if (networks.length === 0 && !otherwise) return undefined;
  return lines(...networks.map((network) => `allow ${network};`), "deny all;");
}

/** For all servers with TLS. */
export function tlsSettings({ tls }: NginxSettings): string {
  return lines(
    tls.profile === "modern"
      ? "ssl_protocols TLSv1.3;"
      : `ssl_protocols TLSv1.2 TLSv1.3;\nssl_ciphers ${TLS_12_CIPHERS};`,
    "ssl_prefer_server_ciphers off;",
    "ssl_session_cache shared:tls:10m;",
    "ssl_session_timeout 1d;",
    "# A ticket's key would have to be changed every day for forward secrecy.",
    "ssl_session_tickets off;",
  );
}
