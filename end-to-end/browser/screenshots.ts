/**
 * Pictures for the documentation, taken on the way when `COMFYMULTI_SCREENSHOTS` is set; a plain
 * test run leaves the files as they are.
 */
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import sharp from "sharp";

const FOLDER = new URL("../../docs/images/", import.meta.url);

/** @param name File name in docs/images, without its ending. */
export async function screenshot(page: Page, name: string): Promise<void> {
  if (!process.env["COMFYMULTI_SCREENSHOTS"]) return;
  const picture = await page.screenshot({ animations: "disabled" });
  await sharp(picture)
    .png({ palette: true, colours: 128, effort: 10 })
    .toFile(fileURLToPath(new URL(`${name}.png`, FOLDER)));
}
