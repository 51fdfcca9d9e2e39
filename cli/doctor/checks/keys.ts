/** Keys: those by which machines join the private network, and everybody's personal link. */
import { z } from "zod";
import { fault, fine, isCloud, upCure, type Check, type Finding } from "../check.ts";
import type { StackResource } from "../../cost/resources.ts";

const KEY = "tailscale:index/tailnetKey:TailnetKey";
const INSTANCE = "verda:index:Instance";
const SUFFIX = "-join-key";
const keySchema = z.object({ expiresAt: z.iso.datetime({ offset: true }) });

export const joinKeysCheck: Check = {
  name: "join keys",
  applies: isCloud,
  look: ({ name, view }) => Promise.resolve(joinKeysIn(view.resources, new Date(), name)),
};

/** A key works once: one that is past its end matters where its machine has not joined yet. */
export function joinKeysIn(
  resources: readonly StackResource[],
  now: Date,
  stackName: string,
): Finding[] {
  const machines = resources.filter(({ type }) => type === INSTANCE).map(({ name }) => name);
  const workers = resources.filter(
    ({ type, name }) => type === KEY && /-worker-\d+-join-key$/.test(name),
  );
  const stale = workers.filter(({ name, outputs }) => {
    const worker = /worker-\d+(?=-join-key$)/.exec(name)?.[0] ?? "";
    const expiresAt = keySchema.safeParse(outputs).data?.expiresAt;
    const isPast = expiresAt !== undefined && Date.parse(expiresAt) <= now.getTime();
    return isPast && !machines.includes(`${worker}-instance`);
  });
  return stale.length > 0
    ? stale.map(({ name, urn }) =>
        fault(
          `The key of ${name.slice(0, -SUFFIX.length)} has expired before the machine joined.`,
          `${upCure(stackName)} Where it does not: pulumi up --replace '${urn}'.`,
          "up",
        ),
      )
    : [fine("no machine waits with a key that has expired")];
}

const TIMEOUT_MS = 15_000;

export const linksCheck: Check = {
  name: "personal links",
  async look({ name, platform, settings }) {
    const people = [...platform.users, { id: "admin", ...platform.admin }];
    const states = await Promise.all(people.map(({ url, token }) => stateOf(url, token)));
    const bad = people.flatMap(({ id }, index) => {
      const state = states[index];
      return state === "opens" ? [] : [{ id, state }];
    });
    if (bad.length > 0) {
      return bad.map(({ id, state }) =>
        fault(`${id}'s link does not open: ${state}.`, upCure(name), "up"),
      );
    }
    const revoked = settings.revokedUsers.length;
    return [fine(`${people.length} links open${revoked > 0 ? `, ${revoked} revoked` : ""}`)];
  },
};

async function stateOf(url: string, token: string): Promise<string> {
  try {
    const { status, body } = await fetch(url, {
      headers: { authorization: `Bearer ${token}` },
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await body?.cancel();
    return status < 400 ? "opens" : `status ${status}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
