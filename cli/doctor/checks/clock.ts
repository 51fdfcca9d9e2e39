/** Whether all clocks agree: leases, links in the bucket and certificates depend on it. */
import { machinesOf, runOn } from "../../logs/machines.ts";
import { fault, fine, type Check, type Finding } from "../check.ts";

/** Answers come in whole seconds, and take a while. */
const LARGEST_DIFFERENCE_SECONDS = 5;

export interface Clock {
  readonly name: string;
  /** Ahead of this machine; undefined when it did not tell. */
  readonly aheadSeconds: number | undefined;
}

export const clockCheck: Check = {
  name: "clocks",
  async look({ api, view }) {
    const clocks = await Promise.all([
      ahead("the gateway", async () => (await api.clock())?.getTime()),
      ...machinesOf(view.resources).map((machine) =>
        ahead(machine.address, async () => {
          const { code, stdout } = await runOn(machine, ["date", "+%s"]);
          return code === 0 ? Number(stdout) * 1000 : undefined;
        }),
      ),
    ]);
    return clockFindings(clocks);
  },
};

/** Against the middle of the question's time. */
async function ahead(name: string, ask: () => Promise<number | undefined>): Promise<Clock> {
  const start = Date.now();
  const there = await ask();
  const here = (start + Date.now()) / 2;
  return { name, aheadSeconds: there === undefined ? undefined : (there - here) / 1000 };
}

export function clockFindings(clocks: readonly Clock[]): Finding[] {
  const wrong = clocks.flatMap(({ name, aheadSeconds }): Finding[] => {
    // A machine that does not answer is told by the check of its disk.
    if (aheadSeconds === undefined || Math.abs(aheadSeconds) <= LARGEST_DIFFERENCE_SECONDS) {
      return [];
    }
    const seconds = Math.round(Math.abs(aheadSeconds));
    return [
      fault(
        `The clock of ${name} is ${seconds} s ${aheadSeconds > 0 ? "ahead of" : "behind"} this machine's.`,
        "Let both follow a time server: sudo timedatectl set-ntp true.",
      ),
    ];
  });
  return wrong.length > 0 ? wrong : [fine("all clocks agree")];
}
