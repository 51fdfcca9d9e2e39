/** Waiting until an instance runs and has its address. */
import type { InstanceAnswer, VerdaClient } from "../client/index.ts";
import type { Operation } from "../../provider-plugin/resource-type.ts";
import type { InstanceInputs } from "../schemas/instance.ts";
import { goneAsUndefined } from "./gone.ts";
import { waitFor } from "./wait.ts";

/** The instance will not run, for this reason. */
export class InstanceFailedError extends Error {
  override readonly name = "InstanceFailedError";
  readonly status: string;

  constructor(message: string, status: string) {
    super(message);
    this.status = status;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  no_capacity: "Verda has no capacity for it there",
  installation_failed: "its installation failed",
  error: "Verda reports an error",
  discontinued: "it was discontinued; a spot machine may be taken back at any moment",
  deleting: "it is being deleted by somebody else",
  notfound: "Verda has lost it",
};
/** A new instance may not be visible in its first moments. */
const INVISIBLE_MILLISECONDS = 10_000;

/**
 * @param options.start One that is shut down is started.
 * @throws InstanceFailedError when it can't run, or does not within `timeoutSeconds`
 */
export async function untilRunning(
  client: VerdaClient,
  id: string,
  { hostname, timeoutSeconds }: InstanceInputs,
  operation: Operation,
  options: { readonly start?: boolean } = {},
): Promise<InstanceAnswer> {
  const begin = Date.now();
  let last = "not visible yet";
  let started = false;
  const running = await waitFor({ operation, timeoutSeconds }, async (tell) => {
    const instance = await goneAsUndefined(() => client.instance(id));
    if (!instance) {
      if (Date.now() - begin < INVISIBLE_MILLISECONDS) return undefined;
      throw new InstanceFailedError(`instance ${hostname} is gone`, "notfound");
    }
    const { status, ip, location, instance_type } = instance;
    last = status;
    const reason = REASONS[status];
    if (reason)
      throw new InstanceFailedError(`instance ${hostname} does not run: ${reason}`, status);
    if (status === "running" && ip !== undefined) return instance;
    if (status === "offline" && options.start && !started) {
      await client.actOnInstance({ id, action: "start" });
      started = true;
    }
    tell(
      status === "running"
        ? "runs, waits for its address"
        : `${status}: ${instance_type} in ${location}`,
    );
    return undefined;
  });
  if (running) return running;
  throw new InstanceFailedError(
    `instance ${hostname} did not run within ${timeoutSeconds} s; the last status was ${last}`,
    last,
  );
}
