/**
 * What a Docker daemon does to the network of the machine that it runs on, and undoing it: a bridge,
 * firewall rules, forwarding.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const BRIDGE = "comfymulti0";
const FORWARDING = "/proc/sys/net/ipv4/ip_forward";

export class MachineNetwork {
  /** How the machine was before, for this run and, if it is killed, for the next. */
  readonly #before: string;
  /** `10.201`: the first half of every address that the daemon gives. */
  readonly #range: string;

  private constructor(before: string, range: string) {
    this.#before = before;
    this.#range = range;
  }

  /** @param folder Where the machine's state of before is kept meanwhile. */
  static async prepare(folder: string): Promise<MachineNetwork> {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const before = path.join(folder, `network-${boot}.json`);
    const network = new MachineNetwork(before, await freeRange());
    // A run that was killed left its rules: what was before them is what counts.
    if (existsSync(before)) await network.restore();
    // Its record may be lost with the cache that it lay in.
    else await removeBridge();
    const { stdout: rules } = await run("iptables-save");
    const forwarding = readFileSync(FORWARDING, "utf8");
    writeFileSync(before, JSON.stringify({ rules, forwarding }));
    await run("ip", ["link", "add", BRIDGE, "type", "bridge"]);
    await run("ip", ["address", "add", `${network.#range}.0.1/24`, "dev", BRIDGE]);
    await run("ip", ["link", "set", BRIDGE, "up"]);
    return network;
  }

  /** Options of dockerd: its default bridge, and where networks get their addresses from. */
  options(): string[] {
    const pool = `base=${this.#range}.128.0/17,size=24`;
    return ["--bridge", BRIDGE, "--default-address-pool", pool];
  }

  /** Once the daemon has ended. */
  async restore(): Promise<void> {
    await removeBridge();
    const { rules, forwarding } = JSON.parse(readFileSync(this.#before, "utf8")) as {
      rules: string;
      forwarding: string;
    };
    await restoreRules(rules);
    writeFileSync(FORWARDING, forwarding);
    rmSync(this.#before);
  }
}

async function removeBridge(): Promise<void> {
  if (existsSync(`/sys/class/net/${BRIDGE}`)) await run("ip", ["link", "delete", BRIDGE]);
}

/** A range that no address or route of this machine is in. */
async function freeRange(): Promise<string> {
  const { stdout: routes } = await run("ip", ["-4", "route", "show", "table", "all"]);
  for (let second = 201; second < 250; second++) {
    if (!routes.includes(` 10.${second}.`) && !routes.includes(`\n10.${second}.`)) {
      return `10.${second}`;
    }
  }
  throw new Error("every range from 10.201.0.0/16 to 10.249.0.0/16 is in use on this machine");
}

/** Tables that were not there before are emptied: `iptables-save` names those in use alone. */
async function restoreRules(rules: string): Promise<void> {
  const empty = (table: string, chains: readonly string[]) =>
    rules.includes(`*${table}\n`)
      ? ""
      : `*${table}\n${chains.map((chain) => `:${chain} ACCEPT [0:0]\n`).join("")}COMMIT\n`;
  const restoring = spawn("iptables-restore", [], { stdio: ["pipe", "ignore", "pipe"] });
  let fault = "";
  restoring.stderr.on("data", (chunk: Buffer) => (fault += chunk.toString()));
  restoring.stdin.end(
    rules +
      empty("filter", ["INPUT", "FORWARD", "OUTPUT"]) +
      empty("nat", ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"]),
  );
  const [code] = (await once(restoring, "close")) as [number | null];
  if (code !== 0) throw new Error(`the machine's firewall rules could not be restored: ${fault}`);
}
