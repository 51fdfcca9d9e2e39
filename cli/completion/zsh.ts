/** For zsh, with its menu of descriptions. */
import { quoted } from "./quote.ts";
import type { Choice, Flag, Place } from "./words.ts";

export function zshScript(name: string, places: readonly Place[]): string {
  const paths = places.flatMap(({ path }) => (path.length > 0 ? [path.join(" ")] : []));
  const cases = places.map(({ path, commands, flags, choices, takesStack }) => {
    const words = [
      ...commands,
      ...choices.map((word) => ({ word, description: "" })),
      ...flags.flatMap((flag) => (flag.short ? [flag, { ...flag, word: flag.short }] : [flag])),
    ];
    const stacks = takesStack ? ` "\${stacks[@]}"` : "";
    return `    ${quoted(path.join(" "))}) entries=(${words.map(entry).join(" ")}${stacks}) ;;`;
  });
  const values = places.flatMap(({ path, flags }) =>
    flags.flatMap((flag) => valueCase(path.join(" "), flag)),
  );
  return `#compdef ${name}
# ${name}: completion for zsh. Put this into ~/.zshrc, after compinit: source <(npx ${name} completion zsh)
_${name}() {
  local at='' word next
  local -a entries stacks files
  for word in "\${(@)words[2,CURRENT-1]}"; do
    next=\${at:+$at }$word
    case $next in
      ${paths.map(quoted).join("|")}) at=$next ;;
    esac
  done
  files=("\${COMFYMULTI_SETTINGS:-.}"/Pulumi.*.yaml(N:t:r))
  stacks=("\${(@)files#Pulumi.}")
  case "$at \${words[CURRENT-1]}" in
${values.join("\n")}
  esac
  case $at in
${cases.join("\n")}
  esac
  _describe ${quoted(name)} entries || _files
}
compdef _${name} ${name}
`;
}

/** `word:description`, a colon in it escaped. */
const entry = ({ word, description }: Choice): string =>
  quoted(`${word.replaceAll(":", String.raw`\:`)}${description === "" ? "" : `:${description}`}`);

function valueCase(path: string, { word, short, value }: Flag): string[] {
  if (value === undefined) return [];
  const patterns = [word, ...(short ? [short] : [])].map((one) => quoted(`${path} ${one}`));
  const reply = value.length === 0 ? "_files" : `compadd -- ${value.map(quoted).join(" ")}`;
  return [`    ${patterns.join("|")}) ${reply}; return ;;`];
}
