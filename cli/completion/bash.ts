/** For bash 4 and newer. */
import { quoted } from "./quote.ts";
import type { Flag, Place } from "./words.ts";

export function bashScript(name: string, places: readonly Place[]): string {
  const words = places.map(({ path, commands, flags, choices }) => {
    const all = [
      ...commands.map(({ word }) => word),
      ...choices,
      ...flags.flatMap(({ word, short }) => (short ? [word, short] : [word])),
    ];
    return `    ${quoted(path.join(" "))}) words=${quoted(all.join(" "))} ;;`;
  });
  const stacks = places.filter(({ takesStack }) => takesStack).map(({ path }) => path.join(" "));
  const paths = places.flatMap(({ path }) => (path.length > 0 ? [path.join(" ")] : []));
  const values = places.flatMap(({ path, flags }) =>
    flags.flatMap((flag) => valueCase(path.join(" "), flag)),
  );
  return `# ${name}: completion for bash. Put this into ~/.bashrc: eval "$(npx ${name} completion bash)"
_${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  local path='' words='' word next stacks
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    next=\${path:+$path }$word
    case $next in
      ${paths.map(quoted).join("|")}) path=$next ;;
    esac
  done
  COMPREPLY=()
  case "$path $previous" in
${values.join("\n")}
  esac
  case $path in
${words.join("\n")}
  esac
  case $path in
    ${stacks.map(quoted).join("|")})
      stacks=$(cd "\${COMFYMULTI_SETTINGS:-.}" 2>/dev/null && for word in Pulumi.*.yaml; do word=\${word#Pulumi.}; printf '%s ' "\${word%.yaml}"; done)
      if [[ $stacks != '* ' ]]; then words="$words $stacks"; fi ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _${name} ${name}
`;
}

/** After an option that takes a word: its words, else files. */
function valueCase(path: string, { word, short, value }: Flag): string[] {
  if (value === undefined) return [];
  const patterns = [word, ...(short ? [short] : [])].map((one) => quoted(`${path} ${one}`));
  const reply =
    value.length === 0
      ? "return"
      : `mapfile -t COMPREPLY < <(compgen -W ${quoted(value.join(" "))} -- "$current"); return`;
  return [`    ${patterns.join("|")}) ${reply} ;;`];
}
