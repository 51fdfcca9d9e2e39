/** `comfymulti simulate verda`: a Verda of one's own on this machine, for rehearsals and tests. */
import { StateFileError, startVerdaSimulator } from "@comfymulti/rehearsal/verda";
import { Command, InvalidArgumentError, Option } from "commander";
import { ZodError } from "zod";
import { VisibleError } from "../visible-error.ts";

export interface SimulateVerdaOptions {
  /** TCP port on 127.0.0.1; 0 for a free one. */
  readonly port: number;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Simulated seconds in a real one. */
  readonly speed: number;
  /** File that keeps the state from start to start. */
  readonly state?: string;
}

/** `simulate`, with one command for each service that can be simulated. */
export function simulate(): Command {
  const command = new Command("simulate").description(
    "run a stand-in of a cloud service on this machine, which costs nothing",
  );
  command
    .command("verda")
    .description("Verda's REST API: instances, volumes, container deployments, prices, faults")
    .requiredOption("--port <port>", "on 127.0.0.1; 0 for a free one", number)
    .requiredOption("--client-id <id>", "that clients sign in with")
    .addOption(
      new Option("--client-secret <secret>", "that clients sign in with")
        .env("VERDA_CLIENT_SECRET")
        .makeOptionMandatory(),
    )
    .option("--speed <factor>", "simulated seconds in a real one", number, 1)
    .option("--state <file>", "keep the state there, so that the next start goes on")
    .action(simulateVerda);
  return command;
}

/** Runs until Ctrl-C or SIGTERM. */
export async function simulateVerda(options: SimulateVerdaOptions): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  const simulator = await started(options);
  console.log(`Simulated Verda, ${options.speed} × real time. Ctrl-C ends it.`);
  console.log(`  base URL   ${simulator.url}`);
  console.log(`  inspector  ${simulator.inspectorUrl}`);
  await stopped;
  await simulator.close();
}

async function started({ state, ...options }: SimulateVerdaOptions) {
  try {
    return await startVerdaSimulator({
      ...options,
      ...(state !== undefined && { stateFile: state }),
    });
  } catch (error) {
    throw asVisible(error, options.port);
  }
}

function asVisible(error: unknown, port: number): unknown {
  if (error instanceof StateFileError) return new VisibleError(error.message);
  if (error instanceof ZodError) {
    const [issue] = error.issues;
    const option = String(issue?.path[0] ?? "").replaceAll(
      /[A-Z]/g,
      (sign) => `-${sign.toLowerCase()}`,
    );
    return new VisibleError(`--${option}: ${issue?.message ?? "is not valid"}.`);
  }
  switch ((error as NodeJS.ErrnoException).code) {
    case "EADDRINUSE":
      return new VisibleError(`Port ${port} is taken: give another, or 0 for a free one.`);
    case "EACCES":
      return new VisibleError(`Port ${port} may not be used: give one above 1023.`);
    default:
      return error;
  }
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value))
    throw new InvalidArgumentError("Give a number.");
  return value;
}
