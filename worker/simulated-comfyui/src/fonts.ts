/**
 * Gives the labels a font that comes with the project: a bare server has none, and a picture without
 * its SIMULATED label would pass for a real one. fontconfig reads its variable when the first text
 * is drawn; a machine's own setting is left alone.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** @param dataDirectory gets `fonts.conf` and fontconfig's cache */
export function provideFonts(dataDirectory: string): void {
  if (process.env.FONTCONFIG_FILE !== undefined) return;
  const fonts = path.dirname(
    fileURLToPath(import.meta.resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf")),
  );
  const file = path.join(dataDirectory, "fonts.conf");
  mkdirSync(dataDirectory, { recursive: true });
  writeFileSync(
    file,
    `<?xml version="1.0"?>
<fontconfig>
  <dir>${fonts}</dir>
  <cachedir>${path.join(dataDirectory, "font-cache")}</cachedir>
</fontconfig>
`,
  );
  process.env.FONTCONFIG_FILE = file;
}
