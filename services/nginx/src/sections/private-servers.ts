/** What is not for browsers: the ways of the queue manager and of workers, and nginx's own figures. */
import type { NginxSettings } from "../settings.ts";
import { block, lines, listenOn, sections } from "../text.ts";
import { forwardedHeaders, toQueueManagers } from "./proxy.ts";
import { workerLocation } from "./public-server.ts";
import { dialog } from "./refusals.ts";

export function privateServers(settings: NginxSettings): string {
  return sections(frontendDoor(settings), workerDoor(settings), statusServer(settings));
}

/** What changes ComfyUI's own queue, in the editor's form. */
const CLOSED = dialog({
  type: "queue_is_shared",
  message: "This ComfyUI runs nothing itself",
  details: "Open your personal link and press Run there.",
});

function frontendDoor(settings: NginxSettings): string | undefined {
  const door = settings.frontendDoor;
  if (!door) return undefined;
  const { address, port } = door.listen;
  return `\
# From the queue manager to participants' full ComfyUIs. A custom node of one participant can reach
# this port too: without the queue manager's token it gets nothing.
${block(
  "server",
  lines(
    `listen ${listenOn(address, port)};`,
    door.resolver === undefined ? undefined : `resolver ${door.resolver} valid=10s;`,
    `client_max_body_size ${settings.bodyLimits.uploadMib}m;`,
    "proxy_request_buffering off;",
  ),
  lines(
    "# ComfyUI refuses scripts whose Origin is not its Host.",
    "proxy_set_header Host $http_host;",
    "proxy_set_header Comfy-User $frontend_user;",
    "# Participants' own code runs in there: it sees neither the token nor a cookie.",
    'proxy_set_header Authorization "";',
    'proxy_set_header Cookie "";',
    'proxy_set_header Connection "";',
  ),
  "if ($from_queue_manager = 0) {\n    return 403;\n}",
  "if ($has_dot_segment) {\n    return 400;\n}",
  'if ($frontend_address = "") {\n    return 404;\n}',
  `\
# ComfyUI's own queue, in every spelling: the queue manager answers these routes itself, and what
# arrives here all the same would go round the shared queue.
${block(
  'location ~ "^/[^/]+(?:/api)*/(?:prompt|queue|interrupt|free|history)(?:/|$)"',
  lines("default_type application/json;", `return 403 '${CLOSED}';`),
)}`,
  `\
# One ComfyUI for several participants would ask who is there; the header has said it.
${block(
  'location ~ "^/[^/]+(?:/api)?/users$"',
  lines(
    "default_type application/json;",
    `if ($frontend_of_many) {\n    return 200 '{"storage":"server","migrated":true}';\n}`,
    "proxy_pass http://$frontend_address$frontend_path;",
  ),
)}`,
  block("location /", "proxy_pass http://$frontend_address$frontend_path;"),
)}`;
}

function workerDoor(settings: NginxSettings): string | undefined {
  if (!settings.workerDoor) return undefined;
  const { address, port } = settings.workerDoor.listen;
  return `\
# Workers in the private network.
${block(
  "server",
  lines(`listen ${listenOn(address, port)};`),
  forwardedHeaders(),
  "if ($has_dot_segment) {\n    return 400;\n}",
  workerLocation(settings),
  block("location = /health", toQueueManagers),
  block("location /", "return 404;"),
)}`;
}

function statusServer({ statusPort }: NginxSettings): string {
  return `\
# nginx's own figures, for a monitor on this machine.
${block(
  "server",
  `listen 127.0.0.1:${statusPort};`,
  block("location = /status", lines("stub_status;", "access_log off;")),
  block("location /", "return 404;"),
)}`;
}
