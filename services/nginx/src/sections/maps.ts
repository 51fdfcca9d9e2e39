/** Variables that the servers decide by. All of them come from what nginx itself has read. */
import type { NginxSettings } from "../settings.ts";
import { block, lines, sections } from "../text.ts";
import { contentSecurityPolicy } from "./security-headers.ts";

export function maps(settings: NginxSettings): string {
  return sections(
    pathMaps,
    participantMaps(settings),
    ownHeaderMaps(settings),
    refusalMap,
    settings.frontendDoor && doorMaps(settings),
  );
}

const pathMaps = `\
# A path with '.' or '..' as a segment, plain or encoded. nginx resolves it to choose a location and
# the service behind gets it as it came: the two must not read it differently, so nobody gets it.
map $request_uri $has_dot_segment {
    default 0;
    "~*^[^?]*(?:[/\\x5c]|%2f|%5c)(?:\\.|%2e){1,2}(?:$|[/?#;\\x5c]|%2f|%5c)" 1;
}

# What the log may say of a path: no query, since it may hold a token (nor one whose '?' came encoded),
# and no names of participants' files.
map $request_uri $logged_path {
    default "";
    "~^(/[^/?]+/(?:api/)?(?:v2/)?userdata)/" $1/...;
    "~*^(.*?)(?:\\?|%3f|$)" $1;
}

map $http_upgrade $connection_upgrade {
    default "";
    "~*^websocket$" upgrade;
}`;

function participantMaps({ users }: NginxSettings): string {
  return sections(
    `\
# The participant whose path is asked for. Who asks, the queue manager finds out by cookie or token.
map $uri $first_segment {
    default "";
    "~^/([a-z][a-z0-9-]*)(?:/|$)" $1;
}`,
    block(
      "map $first_segment $editor_version",
      lines('default "";', ...users.map(({ id, editorVersion }) => `${id} ${editorVersion};`)),
    ),
    `\
map $editor_version $participant {
    default $first_segment;
    "" "";
}`,
  );
}

function ownHeaderMaps(settings: NginxSettings): string {
  return `\
# A service's own, stricter headers stay: pictures, for example, are sent in a sandbox. An empty value
# sends nothing.
map $upstream_http_content_security_policy $own_security_policy {
    default "";
    "" "${contentSecurityPolicy(settings)}";
}
map $upstream_http_x_content_type_options $own_type_options {
    default "";
    "" nosniff;
}
map $upstream_http_referrer_policy $own_referrer_policy {
    default "";
    "" same-origin;
}`;
}

const refusalMap = `\
# A person who looks at a page gets a page; the editor and every program get ComfyUI's error form.
map "$request_method $http_accept" $refusal_form {
    default json;
    "~^(?:GET|HEAD) .*text/html" page;
}`;

function doorMaps({ users, frontendDoor }: NginxSettings): string {
  const comfyui = users.filter((user) => user.kind === "comfyui");
  return sections(
    `\
# Full ComfyUIs. They know no prefix: it is taken off the URI as the browser wrote it, since a
# workflow's name is one segment (workflows%2Fmine.json).
map $request_uri $frontend_user {
    default "";
    "~^/([a-z][a-z0-9-]*)/" $1;
}
map $request_uri $frontend_path {
    default "";
    "~^/[a-z][a-z0-9-]*(/.*)$" $1;
}`,
    block(
      "map $frontend_user $frontend_address",
      lines('default "";', ...comfyui.map(({ id, address }) => `${id} ${address};`)),
    ),
    block(
      "map $frontend_user $frontend_of_many",
      lines(
        "default 0;",
        ...comfyui.filter(({ multiUser }) => multiUser).map(({ id }) => `${id} 1;`),
      ),
    ),
    `\
# The queue manager's token, in a file of its own so that this one holds no secret.
map $http_authorization $from_queue_manager {
    default 0;
    include ${frontendDoor?.gatewayTokenFile};
}`,
  );
}
