/** Completion scripts for three shells, from what can be typed. */
import { bashScript } from "./bash.ts";
import { fishScript } from "./fish.ts";
import type { Place } from "./words.ts";
import { zshScript } from "./zsh.ts";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

const writers: Readonly<Record<Shell, (name: string, places: readonly Place[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

export const completionScript = (shell: Shell, name: string, places: readonly Place[]): string =>
  writers[shell](name, places);
