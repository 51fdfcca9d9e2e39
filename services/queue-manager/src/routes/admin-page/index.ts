/** `/admin/`: one page for the host, made on the server, reloading itself. Cookie by `?token=`. */
import type { Worker } from "@comfymulti/queue";
import type { FastifyInstance } from "fastify";
import type { Gateway } from "../../gateway.ts";
import { escapeHtml, page, pageHeaders } from "../../pages.ts";
import { ADMIN_COOKIE } from "../../plugins/authentication.ts";
import { usersWithCounts } from "../admin-api/users.ts";
import { health } from "../health.ts";

const REFRESH_SECONDS = 5;

export function adminPage(app: FastifyInstance, gateway: Gateway): void {
  const { environment } = gateway;
  app.get("/admin", (request, reply) =>
    reply.redirect(`/admin/${request.url.slice("/admin".length)}`, 308),
  );
  app.get("/admin/", async (request, reply) => {
    reply.headers(pageHeaders);
    const { token } = request.query as { token?: unknown };
    if (typeof token === "string") {
      const expected = environment.ADMIN_TOKEN;
      await app.signIn(request, reply, {
        cookie: ADMIN_COOKIE,
        path: "/admin/",
        given: token,
        expected,
      });
      return reply.redirect("/admin/", 303);
    }
    await app.requireAdmin(request, reply);
    return reply.type("text/html; charset=utf-8").send(await dashboard(gateway));
  });
}

async function dashboard(gateway: Gateway): Promise<string> {
  const title = `${gateway.environment.PROJECT_NAME}: queue`;
  const state = await health(gateway.queue);
  const heading = `<h1>${escapeHtml(title)}</h1>`;
  if (state.status !== "ok") {
    return page(title, `${heading}<p class="bad">${escapeHtml(state.reason)}</p>`, REFRESH_SECONDS);
  }
  const [users, workers] = await Promise.all([usersWithCounts(gateway), gateway.queue.workers()]);
  const states = ["pending", "running", "completed", "failed", "cancelled"] as const;
  const body =
    `${heading}<p class="good">Health: ok. ${state.queue.pending} of at most ` +
    `${gateway.environment.MAX_QUEUE_DEPTH} waiting, ${state.queue.running} running, ` +
    `${gateway.sockets.size} browsers connected here.</p>` +
    `<h2>Workers</h2>${table(
      ["worker", "GPU", "ComfyUI", "status", "job", "VRAM free / total, MiB"],
      workers.map(workerRow),
    )}<h2>Users</h2>${table(
      ["user", ...states],
      users.map(({ id, jobs }) => [escapeHtml(id), ...states.map((name) => String(jobs[name]))]),
    )}`;
  return page(title, body, REFRESH_SECONDS);
}

function workerRow(worker: Worker): string[] {
  const mark = worker.simulated ? " <mark>SIMULATED</mark>" : "";
  const lost = worker.status === "lost" ? ' class="bad"' : "";
  return [
    `${escapeHtml(worker.name)}${mark}`,
    escapeHtml(worker.gpu),
    escapeHtml(worker.comfyuiVersion),
    `<span${lost}>${worker.status}</span>`,
    escapeHtml(worker.jobId ?? "–"),
    `${worker.vramFreeMiB} / ${worker.vramTotalMiB}`,
  ];
}

/** A table of cells that are HTML already. */
function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "<p>None.</p>";
  const head = heads.map((cell) => `<th>${escapeHtml(cell)}</th>`).join("");
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join("")}</tr>`);
  return `<table><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table>`;
}
