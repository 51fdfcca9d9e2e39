/** The bundle is fetched from a local index that behaves well, badly, or not at all. */
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ensureFrontendBundle } from "./frontend-bundle.mjs";
import { makeZip } from "./make-zip.fixture.ts";
import { readZip } from "./unzip.mjs";

const version = "1.2.3";
const filename = "comfyui_frontend_package-1.2.3-py3-none-any.whl";
const base = "comfyui_frontend_package/static";
const wheelBytes = makeZip([
  { name: `${base}/index.html`, content: "<!doctype html>" },
  { name: `${base}/assets/app-12345678.js`, content: "let x = 1;\n".repeat(200) },
  { name: `${base}/assets/app-12345678.js.map`, content: "{}" },
  { name: "comfyui_frontend_package/__init__.py", content: "" },
]);
const sha256 = createHash("sha256").update(wheelBytes).digest("hex");
const wheel = { filename, sha256 };

let cacheDirectory: string;
let index: Server;
let requests: string[];
/** Sends the wheel; a test replaces it. */
let sendWheel: (response: ServerResponse) => void;
let sendListing: (response: ServerResponse) => void;

beforeEach(async () => {
  cacheDirectory = mkdtempSync(path.join(tmpdir(), "comfymulti-bundle-"));
  requests = [];
  sendWheel = (response) => response.end(wheelBytes);
  sendListing = (response) => {
    response.setHeader("content-type", "application/vnd.pypi.simple.v1+json");
    response.end(JSON.stringify({ files: [{ filename, url: `../../files/${filename}` }] }));
  };
  index = createServer((request, response) => {
    requests.push(request.url ?? "");
    if (request.url === "/simple/comfyui-frontend-package/") sendListing(response);
    else if (request.url === `/files/${filename}`) sendWheel(response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((done) => index.listen(0, "127.0.0.1", done));
  const { port } = index.address() as AddressInfo;
  vi.stubEnv("PIP_INDEX_URL", `http://127.0.0.1:${port}/simple`);
  // No pip unless a test provides one.
  vi.stubEnv("PATH", path.join(cacheDirectory, "bin"));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  index.closeAllConnections();
  await new Promise((done) => index.close(done));
  rmSync(cacheDirectory, { recursive: true, force: true });
});

const ensure = () => ensureFrontendBundle({ version, wheel, cacheDirectory });
const leftovers = () => {
  const folder = path.join(cacheDirectory, "frontend");
  return existsSync(folder) ? readdirSync(folder) : [];
};

describe("the frontend bundle", () => {
  it("is the wheel's static folder without source maps", async () => {
    const folder = await ensure();
    expect(folder).toBe(path.join(cacheDirectory, "frontend", version));
    expect(readFileSync(path.join(folder, "index.html"), "utf8")).toBe("<!doctype html>");
    expect(readdirSync(path.join(folder, "assets"))).toEqual(["app-12345678.js"]);
    expect(leftovers()).toEqual([version]);
  });

  it("is not fetched a second time", async () => {
    await ensure();
    requests = [];
    await ensure();
    expect(requests).toEqual([]);
  });

  it("is whole after two calls at once", async () => {
    const [one, two] = await Promise.all([ensure(), ensure()]);
    expect(one).toBe(two);
    expect(leftovers()).toEqual([version]);
  });

  it("is found by an index that answers in HTML", async () => {
    sendListing = (response) =>
      response.end(`<a href="../../files/${filename}#sha256=${sha256}">${filename}</a>`);
    expect(existsSync(path.join(await ensure(), "index.html"))).toBe(true);
  });

  it("is refused when its sum is not the pinned one", async () => {
    sendWheel = (response) => response.end(Buffer.concat([wheelBytes, Buffer.from("x")]));
    await expect(ensure()).rejects.toThrow(/is not the pinned file .* run the same command again/);
    expect(leftovers()).toEqual([]);
  });

  it("leaves nothing behind when the download is cut off, and comes whole the next time", async () => {
    const whole = sendWheel;
    sendWheel = (response) => {
      response.writeHead(200, { "content-length": wheelBytes.length });
      response.write(wheelBytes.subarray(0, 100), () => response.destroy());
    };
    await expect(ensure()).rejects.toThrow(/was cut off .* run the same command again/);
    expect(leftovers()).toEqual([]);
    sendWheel = whole;
    expect(existsSync(path.join(await ensure(), "index.html"))).toBe(true);
  });

  it("says what to do when the index has no such file", async () => {
    sendListing = (response) => response.end(JSON.stringify({ files: [] }));
    await expect(ensure()).rejects.toThrow(/could not be fetched .* PIP_INDEX_URL/);
  });

  it("comes through pip when the index does not give it directly", async () => {
    sendListing = (response) => response.writeHead(407).end();
    const bin = path.join(cacheDirectory, "bin");
    const source = path.join(cacheDirectory, "mirror.whl");
    writeFileSync(source, wheelBytes);
    makeFakePip(bin, source);
    expect(existsSync(path.join(await ensure(), "index.html"))).toBe(true);
  });

  it("drops what a killed run left behind", async () => {
    const folder = await ensure();
    rmSync(folder, { recursive: true });
    // No process has this id: it is beyond the largest that Linux gives.
    writeFileSync(`${folder}.partial-99999999`, "");
    await ensure();
    expect(leftovers()).toEqual([version]);
  });
});

/** A pip that "downloads" from a file: the argument after --dest is the folder. */
function makeFakePip(bin: string, source: string) {
  const script = `#!/bin/sh
while [ "$1" != "--dest" ]; do shift; done
/bin/cp ${source} "$2/${filename}"
`;
  mkdirAndWrite(path.join(bin, "pip"), script);
}

function mkdirAndWrite(file: string, content: string) {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  chmodSync(file, 0o755);
}

describe("the zip reader", () => {
  it("unpacks stored and deflated files", () => {
    const archive = makeZip([
      { name: "stored.txt", content: "a", stored: true },
      { name: "folder/deflated.txt", content: "b".repeat(1000) },
    ]);
    expect(readZip(archive).map((file) => [file.name, file.read().toString()])).toEqual([
      ["stored.txt", "a"],
      ["folder/deflated.txt", "b".repeat(1000)],
    ]);
  });

  it.each(["../out", "/etc/passwd", "a/../../b", "a\\..\\b", "C:/x", "a\0b", "a//b"])(
    "refuses the name %j",
    (name) => {
      expect(() => readZip(makeZip([{ name, content: "x" }]))).toThrow(/leaves its folder/);
    },
  );

  it("refuses a file whose content does not fit its CRC-32", () => {
    const archive = makeZip([{ name: "a", content: "hello", stored: true }]);
    archive[archive.indexOf("hello")] = 0x48;
    expect(() => readZip(archive)[0]?.read()).toThrow(/a is damaged/);
  });

  it("refuses a file that unpacks to more than its directory says", () => {
    const archive = makeZip([{ name: "a", content: "x".repeat(5000), claimedSize: 10 }]);
    expect(() => readZip(archive)[0]?.read()).toThrow(/a is damaged/);
  });

  it("refuses an archive that is cut off", () => {
    const archive = makeZip([{ name: "a", content: "x" }]);
    expect(() => readZip(archive.subarray(0, -30))).toThrow(/cut off/);
  });
});
