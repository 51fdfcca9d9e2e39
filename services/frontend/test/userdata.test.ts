/** The user data API over a real socket, against what ComfyUI 0.11.1 answered. */
import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startFrontend } from "./frontend.fixture.ts";
import type { Frontend } from "./frontend.fixture.ts";

const data = "/user001/api/userdata";
const fileInfo = (name: string, size: number) => ({
  path: name,
  size,
  modified: expect.any(Number) as number,
  created: expect.any(Number) as number,
});
const small = { fileBytes: 1000, userBytes: 1500, userEntries: 5, settingsBytes: 500 };

let frontend: Frontend;
const restart = async (limits?: typeof small) => {
  await frontend.stop();
  frontend = await startFrontend(limits);
};
const send: Frontend["send"] = (...request) => frontend.send(...request);

beforeEach(async () => {
  frontend = await startFrontend();
});
afterEach(() => frontend.stop());

describe("the user data API", () => {
  it("answers a whole life of a workflow as ComfyUI does", async () => {
    const name = "workflows%2Fgw.json";
    const body = '{"nodes": []}';

    const missing = await send("GET", `${data}?dir=workflows`);
    expect([missing.status, missing.text]).toEqual([404, "Directory not found"]);
    expect(missing.headers["content-type"]).toBe("text/plain; charset=utf-8");

    const stored = await send("POST", `${data}/${name}?overwrite=true&full_info=true`, body);
    expect([stored.status, stored.json()]).toEqual([200, fileInfo("workflows/gw.json", 13)]);

    const refused = await send("POST", `${data}/${name}?overwrite=false`, "{}");
    expect([refused.status, refused.text]).toEqual([409, "File already exists"]);

    const read = await send("GET", `${data}/${name}`);
    expect([read.status, read.text]).toEqual([200, body]);
    expect(read.headers["content-type"]).toBe("application/json");

    const moved = await send(
      "POST",
      `${data}/${name}/move/workflows%2Fgw2.json?overwrite=true&full_info=true`,
    );
    expect([moved.status, moved.json()]).toEqual([200, fileInfo("workflows/gw2.json", 13)]);

    const list = await send("GET", `${data}?dir=workflows&recurse=true&split=false&full_info=true`);
    expect(list.json()).toEqual([fileInfo("gw2.json", 13)]);

    const list2 = await send("GET", "/user001/v2/userdata?path=workflows");
    expect(list2.json()).toEqual([
      {
        ...{ name: "gw2.json", path: "workflows/gw2.json", type: "file", size: 13 },
        modified: expect.any(Number) as number,
      },
    ]);

    const removed = await send("DELETE", `${data}/workflows%2Fgw2.json`);
    expect([removed.status, removed.text]).toEqual([204, ""]);
    expect((await send("DELETE", `${data}/workflows%2Fgw2.json`)).status).toBe(404);
    expect((await send("GET", `${data}/workflows%2Fgw2.json`)).status).toBe(404);
  });

  it("lists names, split names and folders as asked", async () => {
    await send("POST", `${data}/workflows%2Fa.json`, "1");
    await send("POST", `${data}/workflows%2Fdeep%2Fb.json`, "22");
    const list = async (query: string) => (await send("GET", `${data}?${query}`)).json();
    expect(await list("dir=workflows")).toEqual(["a.json"]);
    expect(await list("dir=workflows&recurse=TRUE")).toEqual(["a.json", "deep/b.json"]);
    expect(await list("dir=workflows&recurse=true&split=true")).toEqual([
      ["a.json", "a.json"],
      ["deep/b.json", "deep", "b.json"],
    ]);
    const all = (await send("GET", "/user001/api/v2/userdata")).json() as { path: string }[];
    // Folders first, each kind by its name.
    expect(all.map((entry) => entry.path)).toEqual([
      "workflows/deep",
      "workflows",
      "workflows/a.json",
      "workflows/deep/b.json",
    ]);
  });

  it("answers an empty listing for a user without any file, and 404 for a missing folder", async () => {
    expect((await send("GET", "/user001/v2/userdata")).json()).toEqual([]);
    const missing = await send("GET", "/user001/v2/userdata?path=workflows");
    expect([missing.status, missing.text]).toEqual([404, "Requested path not found"]);
    const none = await send("GET", data);
    expect([none.status, none.text]).toEqual([400, "Directory not provided"]);
  });

  it.each(["folder/my sun.json", "100%.json", "a%2Fb.json", "größe 日本.json", "a+b&c?d#e.json"])(
    "saves and loads back a workflow named %j",
    async (name) => {
      const segment = encodeURIComponent(`workflows/${name}`);
      const stored = await send("POST", `${data}/${segment}`, '{"x":1}');
      expect(stored.json()).toBe(`workflows/${name}`);
      expect((await send("GET", `${data}/${segment}`)).text).toBe('{"x":1}');
      expect((await send("GET", `${data}?dir=workflows&recurse=true`)).json()).toEqual([name]);
    },
  );

  it("takes a body without and with any content type", async () => {
    for (const type of ["application/json", "text/plain", "application/octet-stream", "x/y"]) {
      await send("POST", `${data}/a.json`, "not json", { "content-type": type });
      expect((await send("GET", `${data}/a.json`)).text).toBe("not json");
    }
    expect((await send("POST", `${data}/empty.json?full_info=true`)).json()).toEqual(
      fileInfo("empty.json", 0),
    );
  });

  it("never sends a participant's file as a page of this site", async () => {
    await send("POST", `${data}/page.html`, "<script>");
    const page = await send("GET", `${data}/page.html`);
    expect(page.headers["content-type"]).toBe("application/octet-stream");
    expect(page.headers["x-content-type-options"]).toBe("nosniff");
  });

  it("serves user.css only to the user who has one", async () => {
    expect((await send("GET", "/user001/user.css")).status).toBe(404);
    await send("POST", `${data}/user.css`, "body{}");
    const css = await send("GET", "/user001/user.css");
    expect([css.status, css.text, css.headers["content-type"]]).toEqual([
      ...[200, "body{}", "text/css"],
    ]);
    const other = await send("GET", "/user002/user.css", undefined, { "comfy-user": "user002" });
    expect(other.status).toBe(404);
  });
});

describe("names", () => {
  it.each([
    "..%2Fuser002%2Fsecret.json",
    "workflows%2F..%2F..%2Fuser002%2Fsecret.json",
    "%2Fetc%2Fpasswd",
    "..",
    ".",
    "a%00b",
    "a%0Ab",
    "..%5Csecret.json",
    "a%2F%2Fb",
    "%2e%2e%2fuser002%2fsecret.json",
    "x".repeat(300),
    Array.from({ length: 20 }, () => "d").join("%2F"),
  ])("that leave the folder or make no sense are refused: %s", async (name) => {
    const secret = path.join(frontend.userdataDirectory, "user002");
    mkdirSync(secret, { recursive: true });
    writeFileSync(path.join(secret, "secret.json"), "secret");
    await send("POST", `${data}/mine.json`, "mine");
    for (const [method, target] of [
      ["GET", `${data}/${name}`],
      ["POST", `${data}/${name}`],
      ["DELETE", `${data}/${name}`],
      ["POST", `${data}/mine.json/move/${name}`],
      ["POST", `${data}/${name}/move/stolen.json`],
    ] as const) {
      const answer = await send(method, target, method === "POST" ? "x" : undefined);
      expect([400, 403, 404]).toContain(answer.status);
      expect(answer.text).not.toContain("secret");
    }
    const listed = await send("GET", `${data}?dir=${name}`);
    expect([400, 403, 404]).toContain(listed.status);
    expect(readFileSync(path.join(secret, "secret.json"), "utf8")).toBe("secret");
    expect(readdirSync(path.join(frontend.userdataDirectory, "user001"))).toEqual(["mine.json"]);
  });

  it("of links are refused, whether they are a folder or a file", async () => {
    const outside = path.join(frontend.bundleDirectory, "index.html");
    await send("POST", `${data}/mine.json`, "mine");
    const own = path.join(frontend.userdataDirectory, "user001");
    symlinkSync(outside, path.join(own, "link.html"));
    symlinkSync(path.dirname(outside), path.join(own, "folder"));
    expect((await send("GET", `${data}/link.html`)).status).toBe(403);
    expect((await send("GET", `${data}/folder%2Findex.html`)).status).toBe(403);
    expect((await send("POST", `${data}/folder%2Fnew.html`, "x")).status).toBe(403);
    expect((await send("GET", `${data}?dir=folder`)).status).toBe(403);
    const all = (await send("GET", "/user001/v2/userdata")).json() as { name: string }[];
    expect(all.map((entry) => entry.name)).toEqual(["mine.json"]);
  });
});

describe("writes", () => {
  it("at the same time leave one of the contents, whole, and nothing beside it", async () => {
    const contents = Array.from({ length: 20 }, (_, index) => `${index}`.repeat(50_000));
    await Promise.all(contents.map((content) => send("POST", `${data}/a.json`, content)));
    expect(contents).toContain((await send("GET", `${data}/a.json`)).text);
    expect(readdirSync(path.join(frontend.userdataDirectory, ".incoming"))).toEqual([]);
  });

  it("without overwrite at the same time let exactly one win", async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => send("POST", `${data}/a.json?overwrite=false`, "x")),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([
      200,
      ...Array.from({ length: 9 }, () => 409),
    ]);
  });

  it("that are too large are refused with a reason, also when they do not say so before", async () => {
    await restart(small);
    const large = "x".repeat(1001);
    const said = await send("POST", `${data}/a.json`, large, { "content-length": "1001" });
    expect([said.status, said.text]).toEqual([413, "The file is larger than 1 MB."]);
    const unsaid = await send("POST", `${data}/a.json`, large, { "transfer-encoding": "chunked" });
    expect(unsaid.status).toBe(413);
    expect((await send("GET", `${data}/a.json`)).status).toBe(404);
  });

  it("beyond the user's space are refused, and an overwrite counts once", async () => {
    await restart(small);
    expect((await send("POST", `${data}/a.json`, "x".repeat(900))).status).toBe(200);
    const full = await send("POST", `${data}/b.json`, "x".repeat(900));
    expect([full.status, full.text]).toEqual([
      507,
      "Your space of 1 MB is full: delete a workflow that you no longer need.",
    ]);
    expect((await send("POST", `${data}/a.json`, "x".repeat(1000))).status).toBe(200);
  });

  it("beyond the number of files are refused", async () => {
    await restart(small);
    for (const name of ["a", "b", "c", "d", "e"]) await send("POST", `${data}/${name}`, "x");
    const full = await send("POST", `${data}/f`, "x");
    expect([full.status, full.text]).toEqual([
      507,
      "You have 5 files, the most allowed: delete one that you no longer need.",
    ]);
  });

  it("of a file over a folder are refused with a reason", async () => {
    await send("POST", `${data}/a%2Fb.json`, "x");
    expect((await send("POST", `${data}/a`, "x")).status).toBe(409);
    expect((await send("POST", `${data}/a%2Fb.json%2Fc.json`, "x")).status).toBe(409);
  });
});
