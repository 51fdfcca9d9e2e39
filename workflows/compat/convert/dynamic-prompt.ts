/**
 * What the editor does to a text with `dynamicPrompts` when it sends it: comments go, and of
 * `{a|b}` one is chosen. The editor chooses at random; here it is always the first, so that the
 * same graph gives the same prompt.
 */
export function firstChoice(text: string): string {
  if (!/[{}\\]|\/[/*]/.test(text)) return text;
  const source = withoutComments(text);
  // Per open brace: whether its first option is still being read.
  const open: boolean[] = [];
  let hidden = 0;
  let result = "";
  for (let index = 0; index < source.length; index++) {
    const character = source.charAt(index);
    const follower = source.charAt(index + 1);
    if (character === "\\") {
      index++;
      if (hidden === 0)
        result += "{}|".includes(follower) && follower ? follower : character + follower;
    } else if (character === "{") {
      open.push(true);
    } else if (character === "}" && open.length > 0) {
      if (open.pop() === false) hidden--;
    } else if (character === "|" && open.at(-1) === true) {
      open[open.length - 1] = false;
      hidden++;
    } else if (hidden === 0 && !(character === "|" && open.length > 0)) {
      result += character;
    }
  }
  return result;
}

function withoutComments(text: string): string {
  const lastEnd = text.lastIndexOf("*/");
  let result = "";
  let kept = 0;
  for (let begin = text.indexOf("/"); begin >= 0; begin = text.indexOf("/", begin)) {
    const end = commentEnd(text, begin, lastEnd);
    if (end === undefined) {
      begin++;
      continue;
    }
    result += text.slice(kept, begin);
    kept = begin = end;
  }
  return result + text.slice(kept);
}

/** Where the comment that begins here ends; undefined when none begins. */
function commentEnd(text: string, begin: number, lastEnd: number): number | undefined {
  const kind = text.charAt(begin + 1);
  if (kind === "/") {
    const end = text.indexOf("\n", begin);
    return end < 0 ? text.length : end;
  }
  return kind === "*" && lastEnd >= begin + 2 ? text.indexOf("*/", begin + 2) + 2 : undefined;
}
