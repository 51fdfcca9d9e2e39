/** Holds the variables that infrastructure sets against the ones that a service reads. */

/** Some of the variables of a service's environment schema, as the text that a process gets. */
export type VariablesOf<Environment> = Partial<Record<keyof Environment & string, string>>;
