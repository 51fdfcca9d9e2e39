/**
 * Docker's daemon for the tests that run real containers. They start one of their own, which needs
 * root; without it they print why and are left out, and so is this step.
 */
import { which, run } from "./command.mjs";
import { SetupError } from "./setup-error.mjs";
import { provideProgram } from "./system-package.mjs";

const PURPOSE = "the tests that run real containers";

/** The daemon, and what it sets networks up with. */
const programs = [
  {
    program: "dockerd",
    debianPackage: "docker.io",
    purpose: PURPOSE,
    async accept(file) {
      return /Docker version [\d.]+/.exec((await run(file, ["--version"])).stdout)?.[0];
    },
  },
  {
    program: "iptables",
    debianPackage: "iptables",
    purpose: PURPOSE,
    async accept(file) {
      return /iptables v[\d.]+/.exec((await run(file, ["--version"])).stdout)?.[0];
    },
  },
  {
    program: "ip",
    debianPackage: "iproute2",
    purpose: PURPOSE,
    async accept(file) {
      return /iproute2-[\d.]+/.exec((await run(file, ["-V"])).stdout)?.[0];
    },
  },
];

/**
 * @param {(line: string) => void} report
 * @returns {Promise<{ value: string | undefined, note: string }>} full path of dockerd; undefined,
 *   with the reason as note, where there can be none
 */
export async function provideDocker(report) {
  if (process.getuid?.() !== 0) {
    return { value: undefined, note: `left out: ${PURPOSE} need root` };
  }
  const notes = [];
  try {
    for (const wanted of programs) notes.push((await provideProgram(wanted, report)).note);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    return { value: undefined, note: `left out: ${error.message}` };
  }
  return { value: which("dockerd"), note: notes[0] };
}
