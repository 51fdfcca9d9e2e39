import { expect, test } from "vitest";
import { added, fileChanges, removed, revoked, rotated, type People } from "./changes.ts";
import { linkSheet } from "./sheet.ts";
import { linksCsv, linksTable } from "./table.ts";

const four: People = { users: 4, removedUsers: [], revokedUsers: [], linkGenerations: {} };

test("those who are added get new numbers, and everybody else keeps what they have", () => {
  const before = removed(four, ["user002"]);
  const after = added(before, 2);
  expect(after).toEqual({ ...before, users: 6 });
  expect(fileChanges(before, after)).toEqual({ users: 6 });
  expect(() => added(four, 96)).toThrow("There can be 99 participants");
});

test("removed, revoked and rotated participants are written each in their own setting", () => {
  expect(fileChanges(four, removed(four, ["user003", "user001"]))).toEqual({
    removedUsers: ["user001", "user003"],
  });
  const locked = revoked(four, ["user002", "user002"]);
  expect(fileChanges(four, locked)).toEqual({ revokedUsers: ["user002"] });
  const again = rotated(locked, ["user002"]);
  expect(fileChanges(locked, again)).toEqual({
    revokedUsers: undefined,
    linkGenerations: { user002: 2 },
  });
  expect(rotated(again, ["user002", "user001"]).linkGenerations).toEqual({
    user001: 2,
    user002: 3,
  });
  expect(fileChanges(locked, revoked(locked, ["user002"]))).toEqual({});
});

test("names that are nobody's are refused with a sentence", () => {
  expect(() => rotated(four, ["user005"])).toThrow(
    "There is no participant user005: they are user001 to user004.",
  );
  expect(() => revoked(removed(four, ["user001"]), ["user001"])).toThrow("user001 was removed");
  expect(() => removed(four, ["user001", "user002", "user003", "user004"])).toThrow(
    "Somebody has to be left",
  );
});

const links = [
  { id: "user001", link: "https://comfy.example.net/user001/?token=abc-_&x=1" },
  { id: "user003", link: "https://comfy.example.net/user003/?token=def" },
];

test("the table has everybody, revoked ones in their place", () => {
  const lines = linksTable(links, ["user002"]).split("\n");
  const order = lines.flatMap((line) => /user\d{3}/.exec(line)?.[0] ?? []);
  expect(order).toEqual(["user001", "user002", "user003"]);
  expect(lines.find((line) => line.includes("user002"))).toContain("revoked");
});

test("CSV is quoted where it has to be, and holds no formula", () => {
  expect(linksCsv([{ id: "=1+1", link: 'a"b,c' }])).toBe(`participant,link\r\n'=1+1,"a""b,c"\r\n`);
});

test("the sheet has one card each and needs nothing from elsewhere", async () => {
  const html = await linkSheet("comfy<ume>", links);
  expect(html.match(/<section>/g)).toHaveLength(2);
  expect(html.match(/<svg/g)).toHaveLength(2);
  expect(html).toContain("token=abc-_&amp;x=1");
  expect(html).toContain("comfy&lt;ume&gt;");
  expect(html).not.toMatch(/<script|src=|url\(|@import/);
});
