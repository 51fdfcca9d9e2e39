/** What Linux tells of a running process. */
import { readFileSync } from "node:fs";

export interface Memory {
  /** Everything it holds in memory, MB, with what it shares with others. */
  readonly rss: number;
  /** Its own part, MB: a page shared by n processes counts 1/n. */
  readonly pss: number;
}

export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const megabytes = (field: string) => {
    const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1];
    if (kibibytes === undefined) throw new Error(`process ${pid} has no ${field}`);
    return (Number(kibibytes) * 1024) / 1e6;
  };
  return { rss: megabytes("Rss"), pss: megabytes("Pss") };
}

/** A variable that a process was started with; ours alone are readable. */
export function environmentOf(pid: number, name: string): string {
  const variables = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  const found = variables.find((variable) => variable.startsWith(`${name}=`));
  if (found === undefined) throw new Error(`process ${pid} has no ${name}`);
  return found.slice(name.length + 1);
}
