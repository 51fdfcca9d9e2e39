import { expect, test } from "vitest";
import { assertModelsFit, nfsTarget } from "./shared-filesystem.ts";

test("the models of the manifest fit the usual 200 GB, and not the 50 GB of before", () => {
  expect(() => assertModelsFit(200)).not.toThrow();
  expect(() => assertModelsFit(50)).toThrow("do not fit 50 GB");
});

test("only the models of the named templates count", () => {
  expect(() => assertModelsFit(50, ["flux2_klein_4b_text_to_image"])).not.toThrow();
  expect(() => assertModelsFit(1, ["example_workflow"])).not.toThrow();
  expect(() => assertModelsFit(200, ["no_such"])).toThrow("there is no no_such: use ");
});

const facts = { mountCommand: undefined, pseudoPath: undefined, locationCode: "FIN-01" };

test("the file server is the one that the API's own command names", () => {
  const mountCommand = "mount -t nfs -o nconnect=16 nfs.fin-02.example:/volume-A /mnt/x";
  expect(nfsTarget({ ...facts, mountCommand })).toBe("nfs.fin-02.example:/volume-A");
});

test.each([["volume-A"], ["/volume-A"]])(
  "without a command the path %s is enough",
  (pseudoPath) => {
    expect(nfsTarget({ ...facts, pseudoPath })).toBe("nfs.fin-01.datacrunch.io:/volume-A");
  },
);

test("a filesystem of which neither is known says what to do", () => {
  expect(() => nfsTarget(facts)).toThrow("run the same update again");
});
