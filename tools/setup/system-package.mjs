/** Finds a program on this machine, or installs its Debian package where we may (as root). */
import { which, run } from "./command.mjs";
import { SetupError } from "./setup-error.mjs";

const APT = ["-o", "DPkg::Lock::Timeout=120", "-qq", "-y"];
/** Once a set-up is enough. */
let listsUpdated;

/**
 * @param {object} wanted
 * @param {string} wanted.program executable looked for on PATH
 * @param {string} wanted.debianPackage
 * @param {string} wanted.purpose what it is needed for, ends the sentence "… is needed for"
 * @param {(file: string) => Promise<string | undefined>} wanted.accept
 *   version of the program if it will do, else undefined
 * @param {(line: string) => void} report
 * @returns {Promise<{ value: string, note: string }>} full path
 */
export async function provideProgram({ program, debianPackage, purpose, accept }, report) {
  const present = which(program);
  const presentVersion = present && (await accept(present));
  if (presentVersion) return { value: present, note: `this machine's ${presentVersion}` };

  const cure = `install the package that holds ${program} (Debian, Ubuntu: sudo apt-get install ${debianPackage}) and run the same command again.`;
  const problem = present ? `${present} is too old` : `${program} is not on this machine`;
  if (process.getuid?.() !== 0 || !which("apt-get")) {
    throw new SetupError(`${problem}, and it is needed for ${purpose}: ${cure}`);
  }

  report(`${problem}; installing Debian's ${debianPackage} (about a minute)`);
  // Programs are wanted, not services: at this run level Debian's scripts start none.
  const env = { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  // An installation that was stopped in the middle is ended first: apt-get refuses to go on without.
  listsUpdated ??= run("dpkg", ["--configure", "-a"], { env, timeoutSeconds: 300 }).then(() =>
    run("apt-get", [...APT, "update"], { env, timeoutSeconds: 300 }),
  );
  await listsUpdated;
  const result = await run(
    "apt-get",
    [...APT, "install", "--no-install-recommends", debianPackage],
    { env, timeoutSeconds: 900 },
  );
  const installed = which(program);
  const version = installed && (await accept(installed));
  if (!version) {
    throw new SetupError(`apt-get could not provide ${program} for ${purpose}: ${cure}`, {
      log: result.tail,
    });
  }
  return { value: installed, note: `${version} installed` };
}

/** Redis 7 or newer: the queue's Lua and its multi-part AOF are checked against it. */
export const redisServer = {
  program: "redis-server",
  debianPackage: "redis-server",
  purpose: "the queue (Redis 7 or newer)",
  async accept(file) {
    const version = /v=(\d+)\.([\d.]+)/.exec((await run(file, ["--version"])).stdout);
    return version && Number(version[1]) >= 7 ? `Redis ${version[1]}.${version[2]}` : undefined;
  },
};

/** Only tests need a browser. */
export const chromium = {
  program: "chromium",
  debianPackage: "chromium",
  purpose: "the browser tests",
  async accept(file) {
    return /Chromium [\d.]+/.exec((await run(file, ["--version"])).stdout)?.[0];
  },
};

/** Only tests need it: on an app server the stack brings its own. */
export const nginx = {
  program: "nginx",
  debianPackage: "nginx",
  purpose: "the tests of the app server's front door",
  async accept(file) {
    const [version, major, minor] =
      /nginx\/(\d+)\.(\d+)[\d.]*/.exec((await run(file, ["-v"])).tail) ?? [];
    return version && (Number(major) > 1 || Number(minor) >= 22) ? version : undefined;
  },
};

/** Only tests need it: the scripts that make machines ready. */
export const shellcheck = {
  program: "shellcheck",
  debianPackage: "shellcheck",
  purpose: "the tests of the bootstrap scripts",
  async accept(file) {
    const version = /^version: ([\d.]+)$/m.exec((await run(file, ["--version"])).stdout)?.[1];
    return version && `shellcheck ${version}`;
  },
};

/** Only tests need it: on an app server it is in an image. */
export const restic = {
  program: "restic",
  debianPackage: "restic",
  purpose: "the tests of backups",
  async accept(file) {
    return /restic [\d.]+/.exec((await run(file, ["version"])).stdout)?.[0];
  },
};

/** Only tests need it: on an app server it is in an image. Debian's tells no version. */
export const lego = {
  program: "lego",
  debianPackage: "lego",
  purpose: "the tests of certificates",
  async accept(file) {
    return (await run(file, ["--version"])).code === 0 ? "lego" : undefined;
  },
};

/** Only tests need it: an ACME server on this machine. */
export const pebble = {
  program: "pebble",
  debianPackage: "pebble",
  purpose: "the tests of certificates",
  async accept(file) {
    return /Usage of \S*pebble/.test((await run(file, ["--help"])).tail) ? "pebble" : undefined;
  },
};

/** Only tests need it, and only as root: the throw-away Debian in which those scripts are run. */
export const debootstrap = {
  program: "debootstrap",
  debianPackage: "debootstrap",
  purpose: "the tests of the bootstrap scripts",
  async accept(file) {
    return /debootstrap [\d.]+/.exec((await run(file, ["--version"])).stdout)?.[0];
  },
};

/** Only tests need it: a registry of images on this machine. */
export const registry = {
  program: "docker-registry",
  debianPackage: "docker-registry",
  purpose: "the tests of images that are pushed",
  async accept(file) {
    return /v?\d+\.\d+\.\d+/.exec((await run(file, ["--version"])).tail)?.[0];
  },
};
