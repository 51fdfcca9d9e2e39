/** A participant who renders pictures and saves a workflow, through the gateway. */
import { templates } from "@comfymulti/workflows";
import { randomUUID } from "node:crypto";
import { z } from "zod";

const historySchema = z.record(
  z.string(),
  z.object({ status: z.object({ status_str: z.string() }) }),
);

export interface Person {
  readonly id: string;
  readonly url: string;
  readonly link: string;
  readonly token: string;
}

const call = (person: Person, route: string, init: RequestInit = {}) =>
  fetch(new URL(route, person.url), {
    ...init,
    headers: { authorization: `Bearer ${person.token}`, "content-type": "application/json" },
  });

/** Submits the sample graph; another seed is another picture. */
export function submit(person: Person, id: string = randomUUID()): Promise<Response> {
  const template = templates.find((each) => each.id === "example_workflow");
  if (!template) throw new Error("there is no sample graph");
  const body = JSON.stringify({ prompt: template.api, prompt_id: id, client_id: "teardown" });
  return call(person, "prompt", { method: "POST", body });
}

/** Resolves once the picture is there. */
export async function render(person: Person): Promise<void> {
  const id = randomUUID();
  const answer = await submit(person, id);
  if (!answer.ok) throw new Error(await answer.text());
  for (;;) {
    const entry = historySchema.parse(await (await call(person, `history/${id}`)).json())[id];
    if (entry?.status.status_str === "success") return;
    if (entry) throw new Error(`the job ended with ${entry.status.status_str}`);
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

export async function saveWorkflow(person: Person, name: string, content: string): Promise<void> {
  const route = `api/userdata/${encodeURIComponent(`workflows/${name}`)}`;
  const answer = await call(person, route, { method: "POST", body: content });
  if (!answer.ok) throw new Error(await answer.text());
}
