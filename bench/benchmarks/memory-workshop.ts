/** Memory of each service of stack `rehearsal`: twenty users, three workers. */
import type { Benchmark } from "../measurement/figure.ts";
import { measureMemory } from "../platform/stack-memory.ts";

export const memoryWorkshop: Benchmark = {
  name: "memory-workshop",
  about: "memory of each service, stack rehearsal, after load",
  run: (scope) => measureMemory("rehearsal", scope),
};
