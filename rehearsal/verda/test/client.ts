/** A simulator on a free port with a bare client that is signed in, for the tests beside the code. */
import { startVerdaSimulator, type VerdaSimulator, type VerdaSimulatorOptions } from "../index.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The text as JSON; undefined when it is none. */
  readonly json: unknown;
}

export interface Client {
  readonly simulator: VerdaSimulator;
  /** Calls a path under `/v1` with the token. */
  call(method: string, path: string, body?: unknown): Promise<Answer>;
  /** The same; throws unless the answer is a success. */
  ask<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<T>;
  /** Posts, and returns the bare id of the answer. */
  make(path: string, body: unknown): Promise<string>;
  /** Jumps ahead by simulated seconds. */
  pass(seconds: number): void;
  /** A call without the token. */
  anonymous(method: string, path: string, init?: RequestInit): Promise<Answer>;
}

export const CLIENT = { clientId: "the-client", clientSecret: "the-secret" };

export async function startClient(options: Partial<VerdaSimulatorOptions> = {}): Promise<Client> {
  // Simulated time all but stands still, so that only jumps let something happen.
  const simulator = await startVerdaSimulator({ ...CLIENT, speed: 0.0001, ...options });
  const anonymous = async (method: string, path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${simulator.url}${path}`, { method, ...init });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, text, json: parsed(text) };
  };
  const token = await signIn(anonymous);
  const call = (method: string, path: string, body?: unknown) =>
    anonymous(method, path, {
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const success = async (method: string, path: string, body?: unknown) => {
    const answer = await call(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path} ${answer.status}: ${answer.text}`);
    return answer;
  };
  return {
    simulator,
    call,
    ask: async <T>(method: string, path: string, body?: unknown) =>
      (await success(method, path, body)).json as T,
    make: async (path, body) => (await success("POST", path, body)).text,
    pass: (seconds) => simulator.clock.advance(seconds * 1000),
    anonymous,
  };
}

async function signIn(anonymous: Client["anonymous"]): Promise<string> {
  const answer = await anonymous("POST", "/oauth2/token", {
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      grant_type: "client_credentials",
      client_id: CLIENT.clientId,
      client_secret: CLIENT.clientSecret,
    }),
  });
  return (answer.json as { access_token: string }).access_token;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const ORDER = {
  instance_type: "1V100.6V",
  image: "ubuntu-24.04",
  hostname: "worker-1",
  description: "",
  location_code: "FIN-01",
};

/** A refusal of the API as the tests compare it. */
export const refusal = (status: number, code: string, message: string) => ({
  status,
  json: { code, message },
});
