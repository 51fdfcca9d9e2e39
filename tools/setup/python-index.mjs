/**
 * Fetches one file of a Python package: from the package index directly, and where that can't be
 * reached as it is (a proxy, a client certificate, a private mirror in pip's own settings) through
 * pip. What it returns is not yet verified: the caller knows the sum.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { run, which } from "./command.mjs";

const PYPI = "https://pypi.org/simple";
/** Twice the largest frontend wheel seen (30 MB). */
const LARGEST_FILE_BYTES = 64 * 1024 * 1024;

/** The download began and did not come to its end. */
export class CutOffError extends Error {
  name = "CutOffError";
}

/**
 * @param {{ name: string, version: string, filename: string }} file
 * @param {(line: string) => void} report
 * @returns {Promise<Buffer | undefined>} undefined when neither way leads to the file.
 * @throws {CutOffError}
 */
export async function fetchPythonFile(file, report) {
  const index = process.env.PIP_INDEX_URL || PYPI;
  const direct = await fetchDirectly(index, file);
  if (direct) return direct;
  report("the package index did not give it directly; asking pip");
  return await fetchByPip(file);
}

/** By the simple repository API (PEP 503, PEP 691), which PyPI and its mirrors all speak. */
async function fetchDirectly(index, { name, filename }) {
  const { url: base, headers } = withoutCredentials(`${index.replace(/\/+$/, "")}/${name}/`);
  let answer;
  try {
    const listing = await fetch(base, {
      headers: {
        ...headers,
        accept: "application/vnd.pypi.simple.v1+json, text/html;q=0.5",
      },
      signal: AbortSignal.timeout(60_000),
    });
    if (!listing.ok) return undefined;
    const link = findLink(await listing.text(), filename);
    if (!link) return undefined;
    const target = new URL(link, listing.url || base);
    // Credentials are for the index alone, never for the host that it points to.
    const sameHost = target.origin === new URL(base).origin;
    answer = await fetch(target, {
      headers: sameHost ? headers : {},
      signal: AbortSignal.timeout(600_000),
    });
    if (!answer.ok) return undefined;
  } catch {
    return undefined;
  }
  return await readBody(answer);
}

async function readBody(answer) {
  const chunks = [];
  let size = 0;
  try {
    for await (const chunk of answer.body) {
      size += chunk.length;
      if (size > LARGEST_FILE_BYTES) throw new Error("the file is larger than it can be");
      chunks.push(chunk);
    }
  } catch (error) {
    throw new CutOffError(`the download stopped after ${size} bytes`, { cause: error });
  }
  return Buffer.concat(chunks);
}

/** fetch refuses `https://user:password@host`; the same as a header is accepted. */
function withoutCredentials(address) {
  const url = new URL(address);
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = "";
  url.password = "";
  if (credentials === ":") return { url: url.href, headers: {} };
  const basic = Buffer.from(credentials).toString("base64");
  return { url: url.href, headers: { authorization: `Basic ${basic}` } };
}

/** The file's address in the listing, in either of its two forms. */
function findLink(listing, filename) {
  try {
    const { files } = JSON.parse(listing);
    return files.find((file) => file.filename === filename)?.url;
  } catch {
    for (const [, link, text] of listing.matchAll(/<a\s[^>]*href="([^"]+)"[^>]*>([^<]*)<\/a>/gi)) {
      if (text.trim() === filename) return link.replaceAll("&amp;", "&");
    }
    return undefined;
  }
}

async function fetchByPip({ name, version, filename }) {
  const python = ["python3", "python"].find(which);
  const command = which("pip") ? ["pip"] : python ? [python, "-m", "pip"] : undefined;
  if (!command) return undefined;
  const folder = mkdtempSync(path.join(tmpdir(), "comfymulti-pip-"));
  try {
    const result = await run(
      command[0],
      [
        ...command.slice(1),
        ...["download", "--no-deps", "--only-binary", ":all:", "--quiet"],
        ...["--disable-pip-version-check", "--no-input", "--dest", folder, `${name}==${version}`],
      ],
      { timeoutSeconds: 900 },
    );
    return result.code === 0 ? readFileSync(path.join(folder, filename)) : undefined;
  } catch {
    // pip came back with another file than the pinned one.
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
