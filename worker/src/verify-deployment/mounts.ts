/** Whether the two volumes are mounted and writable, and the data folder's links lead to them. */
import { mkdtemp, readFile, realpath, rmdir, statfs } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fail, ok, warn, worst } from "./check.ts";
import type { Verdict } from "./check.ts";
import type { VerifySettings } from "./settings.ts";

const GIB = 1024 ** 3;
/** A long video with its latents. */
const SCARCE_GIB = 10;

/** `mountInfo`: the kernel's list of mounts of this process. */
export async function checkMounts(
  settings: VerifySettings,
  mountInfo = "/proc/self/mountinfo",
): Promise<Verdict> {
  const mounts = await mountPoints(mountInfo);
  const { SFS_DIRECTORY, SCRATCH_DIRECTORY } = settings;
  return worst([
    await checkVolume(SFS_DIRECTORY, mounts, "the shared filesystem"),
    await checkVolume(SCRATCH_DIRECTORY, mounts, "the scratch volume"),
    await checkSpace(SCRATCH_DIRECTORY),
    await checkLink(settings, "models", settings.MODELS_DIRECTORY),
    await checkLink(settings, "outputs", settings.OUTPUTS_DIRECTORY),
    await checkLink(settings, "inputs", settings.INPUTS_DIRECTORY),
  ]);
}

async function checkVolume(
  directory: string,
  mounts: ReadonlySet<string>,
  what: string,
): Promise<Verdict> {
  const real = await realpath(directory).catch(() => undefined);
  if (real === undefined) return fail(`${directory} is not there: mount ${what} there.`);
  if (!mounts.has(real)) {
    return fail(
      `${directory} is no mount point, what is written there is lost with the container: mount ${what} there.`,
    );
  }
  try {
    await rmdir(await mkdtemp(join(real, ".verify-deployment-")));
  } catch {
    return fail(
      `${directory} is not writable for user ${process.getuid?.()}: mount ${what} read-write and give that user the folder.`,
    );
  }
  return ok(`${directory} is mounted.`);
}

async function checkSpace(directory: string): Promise<Verdict> {
  const space = await statfs(directory).catch(() => undefined);
  if (space === undefined) return ok("");
  const freeGib = Math.floor((space.bavail * space.bsize) / GIB);
  if (freeGib < SCARCE_GIB) {
    return warn(`${directory} has ${freeGib} GiB free: remove old outputs or enlarge it.`);
  }
  return ok(`${freeGib} GiB are free on ${directory}.`);
}

async function checkLink(
  { DATA_DIRECTORY }: VerifySettings,
  name: string,
  target: string,
): Promise<Verdict> {
  const link = join(DATA_DIRECTORY, name);
  const found = await realpath(link).catch(() => undefined);
  const wanted = await realpath(target).catch(() => resolve(target));
  if (found === wanted) return ok(`${link} leads to ${target}.`);
  return fail(
    `${link} ${found === undefined ? "leads nowhere" : `is ${found}`} and should lead to ${target}: restart the container, its start makes the link.`,
  );
}

/** Fields: id, parent, device, root, mount point with blanks as `\040`. */
async function mountPoints(mountInfo: string): Promise<Set<string>> {
  const lines = (await readFile(mountInfo, "utf8")).split("\n");
  return new Set(
    lines.map((line) =>
      (line.split(" ")[4] ?? "").replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      ),
    ),
  );
}
