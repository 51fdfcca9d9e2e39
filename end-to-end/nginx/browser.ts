/** Chromium that trusts the test's one server key, and no other unknown one. */
import { chromium, type Browser } from "playwright-core";
import { which } from "../../tools/setup/command.mjs";
import type { Certificates } from "./certificates.ts";

export function launchTrustingBrowser({ publicKeyPin }: Certificates): Promise<Browser> {
  const executablePath = which("chromium");
  if (!executablePath)
    throw new Error("There is no chromium on PATH: npm run setup, or install it.");
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      `--ignore-certificate-errors-spki-list=${publicKeyPin}`,
      ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
    ],
  });
}
