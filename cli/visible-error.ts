/** A fault that a person can mend: printed as its sentence, without a stack, exit code 1. */
export class VisibleError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "VisibleError";
  }
}
