/** Runs what needs the app server. A dead one is no reason to lose files, unless told. */
import { setTimeout as pause } from "node:timers/promises";
import { VisibleError } from "../../visible-error.ts";
import { GatewayError } from "../gateway.ts";
import { formatDuration } from "../words.ts";
import { skipped, type Outcome, type Running, type StepContext } from "../step.ts";

const AGAIN_AFTER_MS = 5_000;

export class AppServer {
  readonly #context: StepContext;
  /** Once it was found dead no later step waits for it again. */
  #death: string | undefined;

  constructor(context: StepContext) {
    this.#context = context;
  }

  /**
   * @throws VisibleError when the stack is only half there, or its app server is dead and nobody said
   *   that this is no reason to stop
   */
  async with(work: (running: Running) => Promise<Outcome>): Promise<Outcome> {
    const { running, signal, progress, skipBundles, deadAfterSeconds } = this.#context.options;
    if (!running) return this.#missing();
    const patience = (deadAfterSeconds ?? 0) * 1000;
    const since = Date.now();
    for (;;) {
      if (this.#death !== undefined) return skipped(this.#death);
      try {
        return await work(running);
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        signal.throwIfAborted();
        const silent = Date.now() - since;
        if (skipBundles) this.#death = error.message;
        else if (deadAfterSeconds === undefined) throw this.#refusal(error);
        else if (silent >= patience) {
          this.#death = `${error.message} It was asked for ${formatDuration(silent)}: files stay on its disk.`;
        } else {
          progress.detail(
            `${error.message} Asking again, for ${formatDuration(patience - silent)}`,
          );
          await pause(AGAIN_AFTER_MS, undefined, { signal });
        }
      }
    }
  }

  /** A stack that the engine knows and that has no output came up only in part, or went down so. */
  async #missing(): Promise<Outcome> {
    const { stack, skipBundles } = this.#context.options;
    const resources = await stack.resources();
    if (resources.some(({ isProtected }) => !isProtected) && !skipBundles) {
      throw new VisibleError(
        `Stack ${stack.name} is only half there, so nobody's files can be collected: finish it with npx comfymulti up ${stack.name} and run the same command again, or go on without bundles: --skip-bundles.`,
      );
    }
    return skipped("the stack is not up");
  }

  #refusal(cause: GatewayError): VisibleError {
    const { name } = this.#context.options.stack;
    return new VisibleError(
      `${cause.message} What participants have made can't be collected from it. Bring it back (npx comfymulti up ${name}) and run the same command again, or go on without bundles: --skip-bundles.`,
      { cause },
    );
  }
}
