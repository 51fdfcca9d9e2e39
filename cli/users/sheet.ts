/** Cards to cut out and hand around: one a participant, with a QR code of the personal link. */
import QRCode from "qrcode";
import type { PersonalLink } from "./table.ts";

/** One file without anything from elsewhere: it prints without a network. Two by four cards on A4. */
export async function linkSheet(title: string, links: readonly PersonalLink[]): Promise<string> {
  const cards = await Promise.all(links.map((link) => card(title, link)));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="robots" content="noindex">
<meta name="referrer" content="no-referrer">
<title>${escaped(title)}: personal links</title>
<style>${STYLE}</style>
<p class="note">${links.length} personal links. Whoever has a card is that participant: hand each to one person, and keep this file to yourself. Print on A4, at 100 %.</p>
<main>
${cards.join("\n")}
</main>
</html>
`;
}

async function card(title: string, { id, link }: PersonalLink): Promise<string> {
  // Level M survives a fold; a link fits into 45 × 45 modules, which phones read from a hand's breadth.
  const code = await QRCode.toString(link, { type: "svg", errorCorrectionLevel: "M", margin: 2 });
  return `<section>
<div class="code" role="img" aria-label="QR code of ${escaped(id)}'s personal link">${code}</div>
<div class="text"><h2>${escaped(id)}</h2><p>${escaped(title)}</p>
<a href="${escaped(link)}">${escaped(link)}</a></div>
</section>`;
}

const STYLE = `
@page { size: A4; margin: 10mm; }
body { margin: 0 auto; max-width: 190mm; font: 10pt/1.35 system-ui, sans-serif; color: #000; background: #fff; }
main { display: grid; grid-template-columns: 1fr 1fr; }
section { box-sizing: border-box; height: 66mm; padding: 5mm; display: flex; gap: 4mm; align-items: center; border: 0.2mm dashed #999; break-inside: avoid; overflow: hidden; }
.code { flex: 0 0 44mm; } .code svg { display: block; width: 44mm; height: 44mm; }
.text { min-width: 0; } h2 { margin: 0 0 1mm; font-size: 15pt; } p { margin: 0 0 2mm; }
a { color: inherit; text-decoration: none; font: 7.5pt/1.3 ui-monospace, monospace; overflow-wrap: anywhere; }
@media print { .note { display: none; } }
`;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escaped = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
