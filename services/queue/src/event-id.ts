/**
 * Compares two ids of stored events, `<ms>-<number>` by Redis' clock, so they compare between users
 * too. Below 0: the first is older; 0: the same; above 0: newer.
 */
export function compareEventIds(a: string, b: string): number {
  const [ms = 0, number = 0] = a.split("-").map(Number);
  const [otherMs = 0, otherNumber = 0] = b.split("-").map(Number);
  return ms - otherMs || number - otherNumber;
}
