/** Finds personal links in whatever a host keeps them in: JSON of `status`, a table, a list, a mail. */
import { ParticipantsError, type ParticipantLink } from "./options.ts";

const LINK = /https?:\/\/[^\s"'`<>|│,;]+\/(?<id>[a-z][a-z0-9-]*)\/\?token=[\w.~%-]+/g;

/**
 * Every participant's link in the text, in its order; the admin's is passed over.
 *
 * @throws ParticipantsError when there is none
 */
export function readLinks(text: string): readonly ParticipantLink[] {
  const links = new Map<string, ParticipantLink>();
  for (const { 0: link, groups } of text.matchAll(LINK)) {
    const id = groups?.["id"] ?? "";
    if (id !== "admin") links.set(id, { id, link });
  }
  if (links.size === 0) {
    throw new ParticipantsError(
      "There is no personal link in it: one looks like https://comfy.example/user001/?token=….",
    );
  }
  return [...links.values()];
}
