/** An answer that refuses, in one sentence for the person at the browser. */
export class Refusal extends Error {
  readonly statusCode: number;

  /** @param sentence empty where ComfyUI answers without a body. */
  constructor(statusCode: number, sentence = "") {
    super(sentence);
    this.name = "Refusal";
    this.statusCode = statusCode;
  }
}
