/** `/health`: ready or not, at once. It never waits for anything slow. */
import type { HealthState } from "../health-monitor.ts";
import type { Gateway, Route } from "../gateway.ts";

/** The state of this replica, as `/health` and the admin API tell it. */
export const health = ({ health: monitor }: Pick<Gateway, "health">): Promise<HealthState> =>
  monitor.state();

export const healthRoute: Route = (app, gateway) => {
  app.get("/health", { logLevel: "warn" }, async (_request, reply) => {
    const state = await health(gateway);
    return reply
      .code(state.status === "ok" ? 200 : 503)
      .header("cache-control", "no-store")
      .send(state);
  });
};
