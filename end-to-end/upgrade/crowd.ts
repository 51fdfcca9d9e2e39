/** Participants who keep working while a stack is changed under them, and count what became of it. */
import { templates } from "@comfymulti/workflows";
import { randomInt, randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";

export interface Person {
  readonly id: string;
  readonly url: string;
  readonly token: string;
}

const historySchema = z.record(
  z.string(),
  z.object({ status: z.object({ status_str: z.string() }) }),
);
const TEMPLATE = "flux2_klein_4b_text_to_image";

/** Looks at the picture before the next one is asked for. */
const THINK_MS = 500;
/** A job that has not ended by then counts as lost. */
const PATIENCE_MS = 120_000;

export class Crowd {
  readonly #ends: string[] = [];
  readonly #work: Promise<void>;
  #isOver = false;

  constructor(people: readonly Person[]) {
    this.#work = Promise.all(people.map((person) => this.#keepWorking(person))).then(() => {});
  }

  /** Stops asking for pictures, waits for those that were accepted; answers how each job ended. */
  async end(): Promise<string[]> {
    this.#isOver = true;
    await this.#work;
    return this.#ends;
  }

  async #keepWorking(person: Person): Promise<void> {
    while (!this.#isOver) {
      const id = randomUUID();
      await this.#submit(person, id);
      this.#ends.push(await untilEnd(person, id));
      await pause(THINK_MS);
    }
  }

  /** A gateway that is just being replaced is asked again with the same id, as the editor would. */
  async #submit(person: Person, id: string): Promise<void> {
    const body = JSON.stringify({ prompt: graph(), prompt_id: id, client_id: "crowd" });
    for (;;) {
      const answer = await call(person, "prompt", { method: "POST", body }).catch(() => undefined);
      if (answer?.ok) return;
      if (answer && answer.status < 500 && answer.status !== 429) {
        throw new Error(`a job was refused: ${await answer.text()}`);
      }
      await pause(200);
    }
  }
}

/** Another seed is another picture. */
function graph() {
  const template = templates.find(({ id }) => id === TEMPLATE);
  if (!template) throw new Error("there is no such template");
  return Object.fromEntries(
    Object.entries(template.api).map(([id, node]) => [
      id,
      "noise_seed" in node.inputs
        ? { ...node, inputs: { ...node.inputs, noise_seed: randomInt(2 ** 40) } }
        : node,
    ]),
  );
}

const call = (person: Person, route: string, init: RequestInit = {}) =>
  fetch(new URL(route, person.url), {
    ...init,
    headers: { authorization: `Bearer ${person.token}`, "content-type": "application/json" },
    signal: AbortSignal.timeout(10_000),
  });

async function untilEnd(person: Person, id: string): Promise<string> {
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline) {
    const end = await endOf(person, id);
    if (end !== undefined) return end;
    await pause(100);
  }
  return "lost";
}

/** Undefined while it waits or runs, and while nobody answers. */
async function endOf(person: Person, id: string): Promise<string | undefined> {
  try {
    const answer = await call(person, `history/${id}`);
    return historySchema.parse(await answer.json())[id]?.status.status_str;
  } catch {
    return undefined;
  }
}
