/** What a zip holds, by Python's own reader: not the writer's library. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { z } from "zod";

/** Reads every file to its end, which checks its CRC. */
const PROGRAM = `
import hashlib, json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    files = [(name, z.read(name)) for name in z.namelist()]
print(json.dumps([[n, hashlib.sha256(b).hexdigest()] for n, b in files]))
`;
const files = z.array(z.tuple([z.string(), z.string()]));

/** Name → sha256 of the content, in the zip's order. */
export function hashesIn(zip: Buffer): Map<string, string> {
  const folder = mkdtempSync(path.join(tmpdir(), "teardown-zip-"));
  try {
    const file = path.join(folder, "bundle.zip");
    writeFileSync(file, zip);
    const text = execFileSync("python3", ["-c", PROGRAM, file]).toString();
    return new Map(files.parse(JSON.parse(text)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const sha256 = (bytes: Buffer | string): string =>
  createHash("sha256").update(bytes).digest("hex");
