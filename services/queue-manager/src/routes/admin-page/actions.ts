/**
 * What the host's page can do: forms that come back to the overview. What can't be undone is asked
 * about first, on a page that does not reload.
 */
import { userIdSchema, workerNameSchema, type JobState } from "@comfymulti/queue";
import type { FastifyInstance, FastifyReply } from "fastify";
import { validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { errors } from "../../errors.ts";
import type { Gateway } from "../../gateway.ts";
import { escapeHtml, page, pageHeaders } from "../../pages.ts";
import { cancelAll, unendedStates } from "../admin-api/cancel-all.ts";
import { errorSchema } from "../admin-api/errors.ts";
import { jobParamsSchema } from "../admin-api/jobs.ts";
import { requireUserId } from "../admin-api/users.ts";
import { tellWorker } from "../admin-api/workers.ts";
import { button } from "./elements.ts";
import { count, duration } from "./words.ts";

const BACK = '<p><a href="/admin/">Back to the queue</a></p>';
const HTML = "text/html; charset=utf-8";

interface Question {
  readonly title: string;
  /** What will happen, one or two sentences. */
  readonly text: string;
  /** The button that does it. */
  readonly yes: string;
}

/** Needs the admin already checked; paths are below `/admin`. */
export function adminActions(app: FastifyInstance, gateway: Gateway): void {
  const { queue } = gateway;
  app.setValidatorCompiler(validatorCompiler);
  // The forms have no fields: everything is in the path.
  app.addContentTypeParser(
    "application/x-www-form-urlencoded",
    { parseAs: "string", bodyLimit: 1024 },
    (_request, _body, done) => done(null),
  );
  showRefusalsAsPages(app);
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.post("/queue/pause", async (_request, reply) => {
    await queue.setPaused(true);
    return back(reply);
  });
  routes.post("/queue/resume", async (_request, reply) => {
    await queue.setPaused(false);
    return back(reply);
  });

  const job = { schema: { params: jobParamsSchema } };
  routes.post("/jobs/:id/front", job, async (request, reply) => {
    await queue.reprioritise(request.params.id, "front");
    return back(reply);
  });
  routes.post("/jobs/:id/retry", job, async (request, reply) => {
    await queue.retry(request.params.id);
    return back(reply);
  });
  routes.get("/jobs/:id/cancel", job, async (request, reply) => {
    const found = await queue.job(request.params.id);
    if (!found) throw errors.notFound("Job");
    const { state } = found;
    if (!isUnended(state)) throw errors.wrongState(`The job is ${state} already.`);
    const [does, since] =
      state === "running"
        ? ["has run", found.startedAt ?? found.createdAt]
        : ["has waited", found.createdAt];
    return ask(reply, request.url, {
      title: `Cancel this job of ${found.user}?`,
      text: `It ${does} for ${duration(Date.now() - since)}. What it has computed so far is lost; ${found.user} can submit it again.`,
      yes: "Yes, cancel it",
    });
  });
  routes.post("/jobs/:id/cancel", job, async (request, reply) => {
    await queue.cancel(request.params.id, undefined);
    return back(reply);
  });

  const user = { schema: { params: z.object({ id: userIdSchema }) } };
  routes.get("/users/:id/cancel", user, async (request, reply) => {
    const { id } = request.params;
    requireUserId(gateway, id);
    const { pending, running } = await queue.counts(id);
    return ask(reply, request.url, {
      title: `Cancel everything of ${id}?`,
      text: `${count(pending, "job")} waiting and ${running} running will be cancelled. ${id} can submit them again; finished jobs stay.`,
      yes: "Yes, cancel them all",
    });
  });
  routes.post("/users/:id/cancel", user, async (request, reply) => {
    const { id } = request.params;
    requireUserId(gateway, id);
    await cancelAll(queue, { user: id, states: unendedStates });
    return back(reply);
  });

  const worker = { schema: { params: z.object({ name: workerNameSchema }) } };
  routes.get("/workers/:name/drain", worker, async (request, reply) => {
    const { name } = request.params;
    const workers = await queue.workers();
    const left = workers.filter((other) => other.name !== name && other.status !== "lost").length;
    return ask(reply, request.url, {
      title: `Take ${name} out?`,
      text: `It finishes the job that it runs, takes no other, and stays out until it is started anew. ${count(left, "other worker")} will be left.`,
      yes: "Yes, take it out",
    });
  });
  routes.post("/workers/:name/drain", worker, async (request, reply) => {
    await tellWorker(gateway, request.params.name, { kind: "drain" });
    return back(reply);
  });
}

const isUnended = (state: JobState): boolean => unendedStates.some((other) => other === state);

/** A GET after a POST: reloading the overview does nothing twice. */
const back = (reply: FastifyReply): FastifyReply => reply.redirect("/admin/", 303);

/** The question's own address is where its form is sent. */
function ask(reply: FastifyReply, path: string, { title, text, yes }: Question): FastifyReply {
  const body = `<h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p><p>${button(path, yes, "danger")}</p>${BACK}`;
  return reply.headers(pageHeaders).type(HTML).send(page(title, body));
}

/** Whatever is refused here is shown as sentences with a way back: the one error form, or its page. */
function showRefusalsAsPages(app: FastifyInstance): void {
  app.addHook("onSend", (_request, reply, payload, done) => {
    if (reply.statusCode < 400 || typeof payload !== "string") {
      done(null, payload);
    } else if (String(reply.getHeader("content-type")).startsWith("text/html")) {
      done(null, payload.replace("</body>", `${BACK}</body>`));
    } else {
      const { message, details } = errorSchema.parse(JSON.parse(payload)).error;
      reply.headers(pageHeaders).type(HTML);
      const body = `<h1>${escapeHtml(message)}</h1><p>${escapeHtml(details)}</p>${BACK}`;
      done(null, page(message, body));
    }
  });
}
