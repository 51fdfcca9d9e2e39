/** The last lines of the log, for `GET /internal/logs`. */

/** ComfyUI keeps 300 lines. */
const KEPT_LINES = 300;

export class LogBuffer {
  private lines: { readonly t: string; readonly m: string }[] = [];

  get entries(): readonly { readonly t: string; readonly m: string }[] {
    return this.lines;
  }

  add(message: string): void {
    this.lines = [
      ...this.lines.slice(1 - KEPT_LINES),
      { t: new Date().toISOString().slice(0, -1), m: `${message}\n` },
    ];
  }
}
