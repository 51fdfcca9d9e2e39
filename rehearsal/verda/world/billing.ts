/** Money: what runs is metered by the second, replicas by started steps of ten minutes. */
import type { Meter, State } from "./state.ts";

const HOUR_SECONDS = 3600;
/** Hours that the price lists count in a month: 0.2 a month is 7.61e-8 a second there. */
export const HOURS_IN_MONTH = 730;
export const REPLICA_STEP_SECONDS = 600;

const meterKey = (kind: Meter["kind"], id: string): string => `${kind}:${id}`;

/** What a meter has counted until then. */
export function meterCost({ since, pricePerHour, stepSeconds }: Meter, now: number): number {
  const seconds = Math.max(0, now - since) / 1000;
  const billed =
    stepSeconds === 1 ? Math.floor(seconds) : Math.ceil(seconds / stepSeconds) * stepSeconds;
  return (billed * pricePerHour) / HOUR_SECONDS;
}

/** Begins to count, or goes on at another price. */
export function setPrice(
  state: State,
  now: number,
  meter: Pick<Meter, "kind" | "id" | "pricePerHour"> & { stepSeconds?: number },
): void {
  const before = state.meters[meterKey(meter.kind, meter.id)];
  if (before?.pricePerHour === meter.pricePerHour) return;
  endMeter(state, now, meter.kind, meter.id);
  if (meter.pricePerHour === 0) return;
  state.meters[meterKey(meter.kind, meter.id)] = { stepSeconds: 1, ...meter, since: now };
}

/** Stops to count; what was counted is spent. */
export function endMeter(state: State, now: number, kind: Meter["kind"], id: string): void {
  const meter = state.meters[meterKey(kind, id)];
  if (!meter) return;
  state.spent += meterCost(meter, now);
  delete state.meters[meterKey(kind, id)];
}

/** Money left. */
export function balanceAt(state: State, now: number): number {
  const running = Object.values(state.meters).reduce(
    (sum, meter) => sum + meterCost(meter, now),
    0,
  );
  return state.deposit - state.spent - running;
}
