/** Shows what restore and backup do: a rewriting line on a terminal, else plain lines, or JSON. */
import type { BackupEvent } from "./backup.ts";
import { formatBytes, formatSeconds } from "./format.ts";
import type { RestoreEvent } from "./restore.ts";
import type { TransferEvent } from "./transfer-meter.ts";

type Event = RestoreEvent | BackupEvent;
type Progress = Extract<TransferEvent, { event: "progress" }>;

export interface Display {
  /** Milliseconds between two reports of progress that suit this display. */
  everyMs: number;
  show: (event: Event) => void;
}

/** One JSON object a line, on stdout. */
function jsonDisplay(): Display {
  return {
    everyMs: 1000,
    show: (event) => {
      process.stdout.write(`${JSON.stringify(event)}\n`);
    },
  };
}

export function createDisplay(json: boolean): Display {
  if (json) return jsonDisplay();
  const out = process.stderr;
  const rewrites = out.isTTY === true;
  const clear = rewrites ? "\r\x1b[2K" : "";
  return {
    everyMs: rewrites ? 250 : 5000,
    show: (event) => {
      if (event.event === "progress") {
        const line = progressLine(event);
        out.write(
          rewrites
            ? clear + line.slice(0, out.columns > 1 ? out.columns - 1 : undefined)
            : `${line}\n`,
        );
        if (rewrites && event.bytesDone >= event.bytesTotal) out.write("\n");
      } else {
        out.write(`${clear}${sentence(event)}\n`);
      }
    },
  };
}

function progressLine({ bytesDone, bytesTotal, bytesPerSecond, secondsLeft }: Progress): string {
  const share = bytesTotal > 0 ? Math.floor((bytesDone / bytesTotal) * 100) : 100;
  const left = secondsLeft === null ? "" : `, ${formatSeconds(secondsLeft)} left`;
  return `${String(share).padStart(3)} %  ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}, ${formatBytes(bytesPerSecond)}/s${left}`;
}

function sentence(event: Exclude<Event, Progress>): string {
  switch (event.event) {
    case "waiting":
      return "Another restore is at work in this directory: waiting for it. (If its machine died, its lock is taken over.)";
    case "begun": {
      const resumed =
        event.bytesThere > 0 ? `, ${formatBytes(event.bytesThere)} of it is there from before` : "";
      return `${event.files} files, ${formatBytes(event.bytesTotal)}${resumed}`;
    }
    case "skipped":
      return `✓ ${event.path} is there already`;
    case "restored":
      return `✓ ${event.path} restored, ${formatBytes(event.sizeBytes)}`;
    case "uploaded":
      return `✓ ${event.path} uploaded, ${formatBytes(event.sizeBytes)}`;
    case "retry":
      return `· ${event.path}: ${event.message}; trying again`;
    case "failed":
      return `✗ ${event.message}`;
  }
}
