/** This machine: processes that a stack's supervisor holds. They cost nothing, and take its ports. */
import { SupervisorClient } from "../../../components/hosts/index.ts";
import type { Account } from "./survey.ts";

/** @param dataDirectory the stack's; where its supervisor is found */
export function thisMachine(dataDirectory: string): Account {
  return {
    name: "This machine",
    owns: (type) => type.startsWith("comfymulti:"),
    unavailable: undefined,
    ask: async () => {
      const services = (await new SupervisorClient(dataDirectory).status()) ?? [];
      return {
        how: `processes of the supervisor of ${dataDirectory}`,
        kept: [],
        left: services
          .filter(({ pid }) => pid !== undefined)
          .map(({ name, pid }) => ({
            ...{ account: "This machine", kind: "process", id: String(pid), name },
            ...{ isBillable: false, goesByItself: false, note: "comfymulti down ends it" },
          })),
      };
    },
  };
}
