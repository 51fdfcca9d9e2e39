/** Faults that wait for the requests they are meant for. */
import type { FaultKind, ParsedFault } from "./fault.ts";

export class FaultQueue {
  #waiting: ParsedFault[] = [];

  add(fault: ParsedFault): void {
    this.#waiting.push({ ...fault });
  }

  clear(): void {
    this.#waiting = [];
  }

  /** The oldest that fits the request, used up once. */
  take(method: string, path: string, kinds: readonly FaultKind[]): ParsedFault | undefined {
    const fault = this.#waiting.find(
      (one) =>
        kinds.includes(one.kind) &&
        (one.method === "*" || one.method === method) &&
        (typeof one.path === "string" ? one.path === path : path.search(one.path) >= 0),
    );
    if (!fault) return undefined;
    fault.times -= 1;
    if (fault.times <= 0) this.#waiting = this.#waiting.filter((one) => one !== fault);
    return fault;
  }

  /** For the inspector. */
  list(): readonly { method: string; path: string; kind: FaultKind; times: number }[] {
    return this.#waiting.map(({ method, path, kind, times }) => ({
      method,
      path: String(path),
      kind,
      times,
    }));
  }
}
