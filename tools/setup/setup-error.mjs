/** A fault that set-up can explain. Printed as its sentence, without a stack. */
export class SetupError extends Error {
  /**
   * @param {string} message What is wrong, in one sentence that ends with what to do about it.
   * @param {{ log?: string, cause?: unknown }} [details] `log`: last lines of the tool that failed.
   */
  constructor(message, { log, cause } = {}) {
    super(message, { cause });
    this.name = "SetupError";
    this.log = log;
  }
}
