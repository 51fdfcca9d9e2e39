/** The receipt as a page to read and to file: Markdown. */
import { formatBytes, formatDuration } from "./words.ts";
import { leftIn, type Receipt } from "./receipt.ts";
import { stepTitles } from "./step-names.ts";

export function receiptText(receipt: Receipt): string {
  const { stack, startedAt, provedAt, steps, destroyed, cancelledJobs, notes } = receipt;
  return [
    `# Teardown of ${stack}`,
    verdictSentence(receipt),
    `Begun ${startedAt}, accounts asked ${provedAt}. Teardown ${receipt.run}.`,
    "## Left",
    list([...leftIn(receipt.accounts).map(leftLine), ...receipt.stuck.map(stuckLine)], "Nothing."),
    "## Accounts",
    list(receipt.accounts.map(accountLine), "None."),
    "## Kept",
    list(receipt.kept.map(keptLine), "Nothing."),
    "## Destroyed",
    list(
      destroyed.map(({ type, name, id }) => `${kindOf(type)} ${code(name)} (${code(id)})`),
      "Nothing: there was nothing.",
    ),
    "## Bundles",
    bundlesText(receipt),
    "## Jobs that were cancelled",
    list(
      cancelledJobs.map(({ id, user, state }) => `${user}: ${code(id)}, which was ${state}`),
      "None.",
    ),
    "## Steps",
    table(
      ["step", "from", "took", "outcome"],
      steps.map(({ name, startedAt: from, endedAt, outcome, note }) => [
        stepTitles[name],
        from,
        formatDuration(Date.parse(endedAt) - Date.parse(from)),
        [outcome === "done" ? "" : outcome, note].filter(Boolean).join(": "),
      ]),
    ),
    ...(notes.length === 0 ? [] : ["## Beside", list(notes, "")]),
    "",
  ].join("\n\n");
}

/** What it all comes to, one or two sentences. */
export function verdictSentence({ verdict, stack, accounts, stuck }: Receipt): string {
  const found = leftIn(accounts).filter(({ goesByItself }) => !goesByItself);
  const billed = found.filter(({ isBillable }) => isBillable).length;
  const left = found.length + stuck.length;
  switch (verdict) {
    case "clean":
      return `**Nothing of ${stack} is left that costs money.**`;
    case "left":
      return `**${left} ${left === 1 ? "thing" : "things"} of ${stack} ${left === 1 ? "is" : "are"} left, ${billed === 0 ? "none of which is" : `${billed} of them`} billed.** Delete what is listed, then run the same command again: it asks once more.`;
    case "unproven":
      return `**Not proven: not every account could be asked.** Nothing was found where it could. Give the credentials and run the same command again.`;
  }
}

function leftLine({
  account,
  kind,
  id,
  name,
  isBillable,
  monthly,
  note,
}: ReturnType<typeof leftIn>[number]) {
  const price = monthly ? `, ${money(monthly)} a month` : "";
  const billed = isBillable ? `**billed${price}**` : "costs nothing";
  return `${account}: ${kind} ${code(name)} (${code(id)}), ${billed}${note === "" ? "" : `; ${note}`}`;
}

const stuckLine = ({ type, name, id }: Receipt["stuck"][number]): string =>
  `${kindOf(type)} ${code(name)} (${code(id)}) could not be destroyed, or something on it could not`;

function accountLine(survey: Receipt["accounts"][number]): string {
  if (survey.state === "asked") {
    return `${survey.account}: asked for ${survey.how}; ${survey.left.length} left, ${survey.kept.length} kept`;
  }
  const need = survey.isNeeded
    ? "**the stack had something there**"
    : "the stack made nothing there";
  return `${survey.account}: not checked (${survey.why}); ${need}`;
}

function keptLine({ type, name, id, monthly }: Receipt["kept"][number]): string {
  const price = monthly ? `: ${money(monthly)} a month (${monthly.basis})` : "";
  return `${kindOf(type)} ${code(name)} (${code(id)})${price}`;
}

function bundlesText({ bundles: { place, list: bundles, verification } }: Receipt): string {
  if (place === undefined || bundles.length === 0) return verification;
  return `In ${code(place)}. ${verification}\n\n${table(
    ["participant", "files", "size", "sha256 of the zip", "key"],
    bundles.map(({ user, files, bytes, sha256, key }) => [
      user,
      String(files),
      formatBytes(bytes),
      code(sha256),
      code(key),
    ]),
  )}`;
}

const list = (lines: readonly string[], none: string): string =>
  lines.length === 0 ? none : lines.map((line) => `- ${line}`).join("\n");

const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  [heads, heads.map(() => "---"), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`)
    .join("\n");

/** Names come from accounts: nothing in them may end the code. */
const code = (text: string): string => `\`${text.replaceAll(/[`\n\r]/g, "?")}\``;

const money = ({ amount, currency }: { amount: number; currency: string }): string =>
  `${amount.toFixed(2)} ${currency.toUpperCase()}`;

/** `verda:index:Volume` → `verda Volume`. */
function kindOf(type: string): string {
  const parts = type.split(":");
  return `${parts[0] ?? ""} ${parts.at(-1) ?? ""}`;
}
