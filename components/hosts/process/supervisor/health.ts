import { execFile } from "node:child_process";
import { connect } from "node:net";
import type { ResolvedServiceSpec } from "../../service-spec.ts";

const CHECK_TIMEOUT_MILLISECONDS = 3_000;

/** One health check. `undefined` when healthy, else what is wrong, in a few words. */
export async function checkHealth(
  spec: ResolvedServiceSpec,
  environment: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const { health } = spec;
  switch (health.kind) {
    case "http":
      return checkHttp(health.url);
    case "tcp": {
      const [listen] = spec.listens;
      return listen ? checkTcp(listen.host, listen.port) : "no address to check";
    }
    case "command":
      return checkCommand(health.argv, spec.workingDirectory, environment);
  }
}

async function checkHttp(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(CHECK_TIMEOUT_MILLISECONDS),
      redirect: "manual",
    });
    await response.body?.cancel();
    return response.ok ? undefined : `GET ${url} answered ${response.status}`;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return `GET ${url}: ${cause instanceof Error ? cause.message : "no answer"}`;
  }
}

function checkTcp(host: string, port: number): Promise<string | undefined> {
  return new Promise((answer) => {
    const socket = connect({ host, port, timeout: CHECK_TIMEOUT_MILLISECONDS });
    const finish = (fault?: string) => {
      socket.destroy();
      answer(fault);
    };
    socket.once("connect", () => finish());
    socket.once("timeout", () => finish(`no connection to ${host}:${port} within 3 s`));
    socket.once("error", (error) => finish(`no connection to ${host}:${port}: ${error.message}`));
  });
}

function checkCommand(
  argv: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const [program = "", ...args] = argv;
  return new Promise((answer) => {
    execFile(program, args, { cwd, env, timeout: CHECK_TIMEOUT_MILLISECONDS }, (error) => {
      answer(error ? `health command ${program} failed (${error.code ?? "timeout"})` : undefined);
    });
  });
}
