/** Waiting for a container that is to be healthy before an update goes on. */
import type Docker from "dockerode";
import { setTimeout as sleep } from "node:timers/promises";

const PAUSE_MS = 250;
const SETTLING_MS = 2000;
const LAST_LINES = 20;

/** @throws Error with what its check said and its last lines */
export async function untilHealthy(container: Docker.Container, seconds: number): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const { State: state } = await container.inspect();
    if (!state.Running && !state.Restarting) {
      throw new Error(`it ended with exit code ${state.ExitCode}${await lastLines(container)}`);
    }
    if (!state.Health) {
      throw new Error("wait is set, and neither it nor its image has a health check");
    }
    if (state.Health.Status === "healthy") return;
    if (performance.now() >= deadline) {
      const said = state.Health.Log.at(-1)?.Output.trim();
      const check = said ? `; its check says: ${said}` : "";
      throw new Error(`it is not healthy after ${seconds} s${check}${await lastLines(container)}`);
    }
    await sleep(PAUSE_MS);
  }
}

/**
 * Looks for a while: a program that ends at once is still running when it was started just now.
 * @throws Error with its last lines when it has ended
 */
export async function stillRunning(container: Docker.Container): Promise<void> {
  const deadline = performance.now() + SETTLING_MS;
  do {
    await sleep(PAUSE_MS);
    const { State: state } = await container.inspect();
    if (state.Restarting) return;
    if (!state.Running) {
      throw new Error(`it ended with exit code ${state.ExitCode}${await lastLines(container)}`);
    }
  } while (performance.now() < deadline);
}

async function lastLines(container: Docker.Container): Promise<string> {
  const log = await container.logs({ stdout: true, stderr: true, tail: LAST_LINES });
  const text = textOf(log).trimEnd();
  return text === "" ? "; it logged nothing" : `; last lines of its log:\n${text}`;
}

/** Without a terminal a log comes in frames: 4 bytes of its stream, 4 of its length, the text. */
function textOf(log: Buffer): string {
  const parts: string[] = [];
  for (let place = 0; place + 8 <= log.length;) {
    const end = place + 8 + log.readUInt32BE(place + 4);
    parts.push(log.toString("utf8", place + 8, end));
    place = end;
  }
  return parts.join("");
}
