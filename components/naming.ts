/**
 * Names that people see and that other names derive from. One place, because a name is an identity:
 * a changed one is another resource.
 */

const numbered = (prefix: string, digits: number, count: number): string[] =>
  Array.from(
    { length: count },
    (_, index) => `${prefix}${String(index + 1).padStart(digits, "0")}`,
  );

/** user001 … userNNN */
export const userNames = (count: number): string[] => numbered("user", 3, count);

/** worker-1 … worker-N */
export const workerNames = (count: number): string[] => numbered("worker-", 1, count);
