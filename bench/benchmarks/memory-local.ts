/** Memory of each service of stack `local`: four users, one worker. */
import type { Benchmark } from "../measurement/figure.ts";
import { measureMemory } from "../platform/stack-memory.ts";

export const memoryLocal: Benchmark = {
  name: "memory-local",
  about: "memory of each service, stack local, after load",
  run: (scope) => measureMemory("local", scope),
};
