/** What lies outside every user: `/` tells a visitor without a link where theirs is. */
import type { Route } from "../gateway.ts";
import { escapeHtml, page, pageHeaders } from "../pages.ts";

export const landingRoute: Route = (app, { environment }) => {
  const name = escapeHtml(environment.PROJECT_NAME);
  const html = page(
    environment.PROJECT_NAME,
    `<h1>${name}</h1><p>This is a ComfyUI workshop. Please open the personal link that your host gave you.</p>`,
  );
  // The editor asks for its icons without a user's prefix; there is none to show instead.
  for (const icon of ["/favicon.ico", "/assets/favicon.ico", "/assets/images/*"]) {
    app.get(icon, (_request, reply) => reply.code(204).send());
  }
  app.get("/", (_request, reply) =>
    reply.headers(pageHeaders).type("text/html; charset=utf-8").send(html),
  );
};
