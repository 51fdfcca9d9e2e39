/** For fish, with its descriptions. */
import type { Flag, Place } from "./words.ts";

export function fishScript(name: string, places: readonly Place[]): string {
  const paths = places.flatMap(({ path }) => (path.length > 0 ? [path.join(" ")] : []));
  const lines = places.flatMap(({ path, commands, flags, choices, takesStack }) => {
    const at = `complete -c ${name} -n ${quoted(`__${name}_at ${quoted(path.join(" "))}`)}`;
    return [
      ...commands.map(
        ({ word, description }) => `${at} -f -a ${quoted(word)} -d ${quoted(description)}`,
      ),
      ...(choices.length > 0 ? [`${at} -f -a ${quoted(choices.join(" "))}`] : []),
      ...(takesStack ? [`${at} -f -a ${quoted(`(__${name}_stacks)`)} -d stack`] : []),
      ...flags.map((flag) => `${at} ${flagWords(flag)}`),
    ];
  });
  return `# ${name}: completion for fish. npx ${name} completion fish > ~/.config/fish/completions/${name}.fish
function __${name}_at
    set -l at
    for word in (commandline -opc)[2..]
        set -l next (string join ' ' $at $word)
        if contains -- $next ${paths.map(quoted).join(" ")}
            set at $next
        end
    end
    test "$at" = "$argv[1]"
end
function __${name}_stacks
    set -l folder .
    set -q COMFYMULTI_SETTINGS; and set folder $COMFYMULTI_SETTINGS
    for file in $folder/Pulumi.*.yaml
        string replace -r '^.*/Pulumi\\.(.*)\\.yaml$' '$1' $file
    end
end
${lines.join("\n")}
`;
}

function flagWords({ word, short, value, description }: Flag): string {
  const long = word.startsWith("--") ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`;
  const one = short ? ` -s ${short.slice(1)}` : "";
  const next =
    value === undefined ? "" : value.length > 0 ? ` -x -a ${quoted(value.join(" "))}` : " -r";
  return `${long}${one}${next} -d ${quoted(description)}`;
}

/** fish's single quotes know two escapes. */
const quoted = (text: string): string =>
  `'${text.replaceAll("\\", String.raw`\\`).replaceAll("'", String.raw`\'`)}'`;
