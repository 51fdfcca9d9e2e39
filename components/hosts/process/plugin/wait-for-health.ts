import type { Health } from "../../service-spec.ts";
import type { SupervisorClient } from "../client.ts";
import { ServiceError } from "../supervisor/protocol.ts";
import type { ServiceReport } from "../supervisor/protocol.ts";
import type { Operation } from "../../../provider-plugin/resource-type.ts";

const POLL_MILLISECONDS = 100;
const LOG_LINES = 20;
/** A service that starts as it should needs no commentary. */
const QUIET_MILLISECONDS = 5_000;
/** A service that ended this often without ever being healthy will not become so. */
const MOST_RESTARTS = 3;

/**
 * Waits until a service is healthy, telling what it waits for.
 * @throws ServiceError with one sentence and the last lines of the service's log
 */
export async function waitForHealth(
  client: SupervisorClient,
  name: string,
  health: Health,
  operation: Operation,
): Promise<ServiceReport> {
  const start = Date.now();
  const deadline = start + health.timeoutSeconds * 1000;
  let told = "";
  for (;;) {
    const report = await client.service(name);
    if (!report) throw new ServiceError(`service ${name} is gone: its supervisor ended`);
    if (report.status === "running") return report;
    const reason = report.reason ?? "no health check has answered yet";
    if (report.status === "failed") throw await failure(client, `service ${name} ${reason}`, name);
    if (report.restarts >= MOST_RESTARTS) {
      throw await failure(client, `service ${name} ends as soon as it starts: ${reason}`, name);
    }
    if (operation.signal.aborted) {
      throw new ServiceError(`service ${name}: cancelled while waiting for it`);
    }
    if (Date.now() > deadline) {
      const sentence = `service ${name} did not become healthy within ${health.timeoutSeconds} s: ${reason}`;
      throw await failure(client, sentence, name);
    }
    const line = `${report.status}: ${reason}`;
    if (line !== told && Date.now() - start > QUIET_MILLISECONDS) {
      operation.progress(line);
      told = line;
    }
    await new Promise((wake) => setTimeout(wake, POLL_MILLISECONDS));
  }
}

async function failure(client: SupervisorClient, sentence: string, name: string): Promise<Error> {
  const log = await client.log(name, LOG_LINES);
  const tail = log ? [`Last lines of ${log.file}:`, ...log.lines] : [];
  return new ServiceError([`${sentence}.`, ...tail].join("\n"));
}
