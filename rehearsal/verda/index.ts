/** The simulator of Verda's REST API: what other packages and tests use of it. */
export { startVerdaSimulator, type VerdaSimulator } from "./simulator.ts";
export type { VerdaSimulatorOptions } from "./options.ts";
export type { Fault, FaultKind } from "./faults/fault.ts";
export type { SimulatorEvent } from "./world/event-log.ts";
export type { BillableThing, Inventory } from "./world/inventory.ts";
export { StateFileError } from "./world/state-file.ts";
