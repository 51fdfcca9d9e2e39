/** The user stopped the command; exit code 130, as shells do for SIGINT. */
export class InterruptedError extends Error {
  constructor() {
    super("Stopped. Run the same command again: it goes on from here.");
    this.name = "InterruptedError";
  }
}
