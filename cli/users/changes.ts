/** What adding, removing, revoking and rotating change in a stack's settings. */
import { participantNames } from "../../stacks/plans.ts";
import type { Settings } from "../../stacks/settings.ts";
import { VisibleError } from "../visible-error.ts";

const names = ["users", "removedUsers", "revokedUsers", "linkGenerations"] as const;
export type People = Pick<Settings, (typeof names)[number]>;

/** As the schema has it: names have three digits, and links are handed out by hand. */
const MOST_USERS = 99;

/** New numbers always: one that was removed is somebody else's, whose files are still there. */
export function added(people: People, count: number): People {
  const users = people.users + count;
  if (users > MOST_USERS) {
    throw new VisibleError(
      `There can be ${MOST_USERS} participants, counting those who were removed: ${MOST_USERS - people.users} more.`,
    );
  }
  return { ...people, users };
}

export function removed(people: People, ids: readonly string[]): People {
  for (const id of ids) requireThere(people, id);
  if (participantNames(people).every((id) => ids.includes(id))) {
    throw new VisibleError("Somebody has to be left: npx comfymulti teardown ends a stack.");
  }
  return {
    ...without(people, ids),
    removedUsers: [...new Set([...people.removedUsers, ...ids])].toSorted(),
  };
}

/** The link lets nobody in, until it is rotated. */
export function revoked(people: People, ids: readonly string[]): People {
  for (const id of ids) requireThere(people, id);
  return { ...people, revokedUsers: [...new Set([...people.revokedUsers, ...ids])].toSorted() };
}

/** Another link, which lets in again whose was revoked. */
export function rotated(people: People, ids: readonly string[]): People {
  for (const id of ids) requireThere(people, id);
  const generations = ids.map((id) => [id, (people.linkGenerations[id] ?? 1) + 1] as const);
  return {
    ...people,
    revokedUsers: people.revokedUsers.filter((id) => !ids.includes(id)),
    linkGenerations: sorted({ ...people.linkGenerations, ...Object.fromEntries(generations) }),
  };
}

/** What has to be written into the stack's file; an empty list is taken out of it. */
export function fileChanges(before: People, after: People): Record<string, unknown> {
  const changed = names.filter(
    (name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  );
  return Object.fromEntries(
    changed.map((name) => [name, isEmpty(after[name]) ? undefined : after[name]]),
  );
}

/** Neither revoked nor counted any more. */
const without = (people: People, ids: readonly string[]): People => ({
  ...people,
  revokedUsers: people.revokedUsers.filter((id) => !ids.includes(id)),
});

function requireThere(people: People, id: string): void {
  const there = participantNames(people);
  if (there.includes(id)) return;
  const range = there.length === 1 ? there[0] : `${there[0]} to ${there.at(-1)}`;
  throw new VisibleError(
    people.removedUsers.includes(id)
      ? `${id} was removed: take the name out of comfymulti:removedUsers and run up to have them back.`
      : `There is no participant ${id}: they are ${range}.`,
  );
}

const sorted = <Value>(values: Readonly<Record<string, Value>>): Record<string, Value> =>
  Object.fromEntries(Object.entries(values).toSorted(([one], [other]) => (one < other ? -1 : 1)));

const isEmpty = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Object.keys(value).length === 0;
