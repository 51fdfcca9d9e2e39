/** What can go wrong between the worker and ComfyUI, told apart because each asks for another answer. */
import type { PromptRefusal } from "./answers.ts";

/** ComfyUI did not answer: refused connection, broken connection, or no answer within the time-out. */
export class ComfyuiUnreachableError extends Error {
  override readonly name = "ComfyuiUnreachableError";
}

/** ComfyUI answered with a status or a shape that it should not. */
export class ComfyuiAnswerError extends Error {
  override readonly name = "ComfyuiAnswerError";
}

/** ComfyUI ended in mid-job: neither its socket nor its queue and history know the job any more. */
export class ComfyuiCrashedError extends Error {
  override readonly name = "ComfyuiCrashedError";
}

/** ComfyUI does not have this file (`/view` or `/upload/image` refused its name). */
export class FileMissingError extends Error {
  override readonly name = "FileMissingError";
}

/** `POST /prompt` was refused. */
export class PromptRefusedError extends Error {
  override readonly name = "PromptRefusedError";
  readonly refusal: PromptRefusal;

  constructor(refusal: PromptRefusal) {
    super(refusal.error.message);
    this.refusal = refusal;
  }
}
