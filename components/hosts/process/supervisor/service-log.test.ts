import { appendFileSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { rotateLog, tailLog } from "./service-log.ts";

let directory: string;
let file: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "service-log-"));
  file = join(directory, "web.log");
});

afterEach(() => rm(directory, { recursive: true, force: true }));

test("a log over its limit moves to one older file and begins again", () => {
  appendFileSync(file, "first\n".repeat(100));
  rotateLog(file, 100);
  expect(statSync(file).size).toBe(0);
  appendFileSync(file, "second\n".repeat(100));
  rotateLog(file, 100);
  expect(readFileSync(`${file}.1`, "utf8")).toBe("second\n".repeat(100));
});

test("a log below its limit, or none at all, is left as it is", () => {
  rotateLog(file, 100);
  appendFileSync(file, "short\n");
  rotateLog(file, 100);
  expect(readFileSync(file, "utf8")).toBe("short\n");
});

test("the tail is the last lines, and empty without a log", () => {
  expect(tailLog(file, 2)).toEqual([]);
  appendFileSync(file, "one\ntwo\nthree\n");
  expect(tailLog(file, 2)).toEqual(["two", "three"]);
});
