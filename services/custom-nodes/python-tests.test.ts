/** Runs the nodes' Python tests, file by file: real aiohttp, and a stand-in for ComfyUI's server. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { installPythonLibraries } from "../../end-to-end/client-libraries/install.ts";
import { run } from "../../tools/setup/command.mjs";

const folder = path.join(import.meta.dirname, "python-tests");
const files = readdirSync(folder).filter((name) => /^test_.*\.py$/.test(name));

// aiohttp by its pinned sums, as the client libraries have it. The first time it is fetched.
const python = await installPythonLibraries();
if ("missing" in python) console.log(`The custom nodes are not tested: ${python.missing}.`);

it.skipIf("missing" in python).each(files)("%s passes", async (file) => {
  if ("missing" in python) return;
  const result = await run(
    python.python,
    ["-W", "error::DeprecationWarning", "-m", "unittest", file],
    {
      cwd: folder,
      env: { PYTHONPATH: python.folder, PYTHONDONTWRITEBYTECODE: "1" },
      timeoutSeconds: 60,
    },
  );
  expect(result.tail).toMatch(/^Ran [1-9]\d* tests? in [^]*^OK$/m);
  expect(result.code).toBe(0);
});
