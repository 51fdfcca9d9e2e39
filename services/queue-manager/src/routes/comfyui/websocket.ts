/** `ws`: the browser's live line. What is said on it, `sockets/` knows. */
import type { Route } from "../../gateway.ts";

/** Client ids that ComfyUI's frontend or a library makes up. */
const CLIENT_ID = /^[\x21-\x7e]{1,128}$/;

export const webSocketRoute: Route = (app, { sockets }) => {
  app.get<{ Querystring: { clientId?: unknown } }>(
    "/ws",
    { websocket: true },
    (socket, request) => {
      const { clientId } = request.query;
      const usable =
        typeof clientId === "string" && CLIENT_ID.test(clientId) ? clientId : undefined;
      sockets.accept(request.user.id, socket, usable);
    },
  );
};
