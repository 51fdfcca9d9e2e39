/** The resource types of the plugin against a simulated Verda, without an engine. */
import { onTestFinished } from "vitest";
import { startVerdaSimulator } from "../../../rehearsal/verda/index.ts";
import type { VerdaSimulator, VerdaSimulatorOptions } from "../../../rehearsal/verda/index.ts";
import type { ExistingOperation } from "../../provider-plugin/resource-type.ts";
import { VerdaClient } from "../client/index.ts";
import { sshKeyInputs } from "../schemas/ssh-key.ts";
import { sshKeyType } from "../plugin/ssh-key-type.ts";

export interface Simulated {
  readonly simulator: VerdaSimulator;
  readonly client: VerdaClient;
  readonly connect: () => VerdaClient;
  /** Lines that the operations told. */
  readonly told: string[];
  /** An operation on a resource of this name and, once it is made, id. */
  operation(name: string, id?: string): ExistingOperation;
  /** Cancels all operations, as Ctrl-C does. */
  cancel(): void;
  /** Makes a key that instances can be declared with. */
  key(): Promise<string>;
}

/** Simulated seconds in a real one. */
const SPEED = 200;
/** Real time until a call without an answer is given up. */
const TIMEOUT_MILLISECONDS = 300;

export async function simulate(options: Partial<VerdaSimulatorOptions> = {}): Promise<Simulated> {
  const credentials = { clientId: "client-of-this-test", clientSecret: "secret-of-this-test" };
  const settings = { speed: SPEED, rateLimit: false, ...credentials } as const;
  const simulator = await startVerdaSimulator({ ...settings, ...options });
  onTestFinished(() => simulator.close());
  const client = new VerdaClient(
    { ...credentials, baseUrl: simulator.url },
    { timeoutMilliseconds: TIMEOUT_MILLISECONDS, backoffMilliseconds: 10 },
  );
  const connect = () => client;
  const told: string[] = [];
  const cancelled = new AbortController();
  const operation = (name: string, id = ""): ExistingOperation => ({
    urn: `urn:pulumi:test::comfymulti::verda:index:Any::${name}`,
    id,
    progress: (line) => void told.push(line),
    signal: cancelled.signal,
  });
  return {
    simulator,
    client,
    connect,
    told,
    operation,
    cancel: () => cancelled.abort(),
    async key() {
      const inputs = sshKeyInputs.parse({ name: "host", publicKey: "ssh-ed25519 AAAAC3Nz me" });
      return (await sshKeyType(connect).create(inputs, operation("key"))).id;
    },
  };
}
