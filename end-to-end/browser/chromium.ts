/** The machine's own Chromium, headless, quiet and with a profile that ends with it. */
import { accessSync, constants } from "node:fs";
import path from "node:path";
import { chromium, type Browser } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Playwright gives it a fresh profile folder and removes that on close. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: findOnPath(), headless: true, args: ARGUMENTS });
}

function findOnPath(): string {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  const found = NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name))).find(
    isExecutable,
  );
  if (!found) throw new Error(`No browser on PATH: install one of ${NAMES.join(", ")}.`);
  return found;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
