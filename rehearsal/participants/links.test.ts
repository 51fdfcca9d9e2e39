import { expect, it } from "vitest";
import { readLinks } from "./links.ts";

const links = ["user001", "user002"].map((id) => ({
  id,
  link: `https://comfy.example/${id}/?token=a-B_9.~`,
}));
const [first, second] = links.map(({ link }) => link);

it.each([
  ["JSON of status", JSON.stringify({ users: links, admin: { link: "x" } })],
  ["a list", `${first}\n${second}\n`],
  ["comma-separated values", `name,link\nuser001,${first}\nuser002,${second}`],
  ["a table", `│ user001 │ ${first} │\n│ user002 │ ${second} │`],
  ["a mail", `Dear Ana, yours is <${first}>. Dear Bo, yours is ${second}`],
  ["a list with one twice", `${first} ${second} ${first}`],
])("finds every link in %s", (_form, text) => {
  expect(readLinks(text)).toEqual(links);
});

it("passes over the admin's link", () => {
  const text = `${first} https://comfy.example/admin/?token=secret`;
  expect(readLinks(text).map(({ id }) => id)).toEqual(["user001"]);
});

it("says what a link looks like when there is none", () => {
  expect(() => readLinks("https://comfy.example/user001/")).toThrow("one looks like");
});
