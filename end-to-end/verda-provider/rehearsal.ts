/** The simulated Verda of these tests. */
import { startVerdaSimulator } from "../../rehearsal/verda/index.ts";
import type { VerdaSimulator } from "../../rehearsal/verda/index.ts";
import type { Credentials } from "./project.ts";

export interface Rehearsal {
  readonly simulator: VerdaSimulator;
  readonly credentials: Credentials;
  stop(): Promise<void>;
}

/** Simulated seconds in a real one: an instance runs after about one second. */
const SPEED = 50;

export async function startRehearsal(): Promise<Rehearsal> {
  const credentials = { clientId: "client-of-this-test", clientSecret: "secret-of-this-test" };
  const simulator = await startVerdaSimulator({
    ...credentials,
    speed: SPEED,
    // Its windows are real minutes, into which these tests press hours.
    rateLimit: false,
  });
  return {
    simulator,
    credentials: { ...credentials, baseUrl: simulator.url },
    stop: () => simulator.close(),
  };
}
