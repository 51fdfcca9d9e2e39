/** `POST prompt`: check as ComfyUI checks, estimate, queue. `GET prompt`: how much is left. */
import { randomUUID } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { GatewayError } from "../../errors.ts";
import type { Route } from "../../gateway.ts";
import { PROMPT_BODY_BYTES } from "../../limits.ts";
import { readBody } from "../../read-body.ts";

export const promptRoutes: Route = (app, { queue, submissions, intake, patience }) => {
  app.get("/prompt", async (request) => {
    const { pending, running } = await queue.counts(request.user.id);
    return { exec_info: { queue_remaining: pending + running } };
  });

  void app.register((scope, _options, done) => {
    // The body stays bytes: whoever judges it decodes it.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", async (request: FastifyRequest) => request.raw);

    scope.post(
      "/prompt",
      {
        bodyLimit: PROMPT_BODY_BYTES,
        onError: (_request, _reply, error, told) => {
          const type = error instanceof GatewayError ? error.type : error.name;
          app.metrics.refusals.inc({ type });
          told();
        },
      },
      async (request, reply) => {
        const user = request.user.id;
        const place = intake.open(user);
        reply.raw.once("close", () => {
          place.release();
        });
        const body = await readBody(request, {
          limitBytes: PROMPT_BODY_BYTES,
          limitMs: patience.bodyMs,
          onBytes: (bytes) => {
            place.growTo(bytes);
          },
        });
        const submission = await submissions.prepare(user, body);
        const { job, id = randomUUID(), nodeErrors, migration } = submission;
        const accepted = await queue.enqueue({ ...job, id, user });
        app.metrics.submits.inc();
        const { id: prompt_id, number } = accepted.job;
        if (migration.length === 0) return { prompt_id, number, node_errors: nodeErrors };
        app.metrics.migrations.inc();
        request.log.info({ user, job: prompt_id, migration }, "graph migrated");
        // Beside what ComfyUI answers: clients that don't know it pass over it.
        return { prompt_id, number, node_errors: nodeErrors, migration };
      },
    );
    done();
  });
};
