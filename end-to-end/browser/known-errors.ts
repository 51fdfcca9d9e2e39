/**
 * What the official editor writes to the console as an error on every ComfyUI, its own included:
 * files that it asks for and that need not exist. Everything else is a fault of this project.
 */
const KNOWN: readonly RegExp[] = [
  // A participant's own style sheet, asked for in two places.
  /404 .*\/user00\d\/(api\/userdata\/)?user\.css$/,
  // Subgraphs that the participant saved: no folder until there is one.
  /404 .*\/api\/userdata\?dir=subgraphs&/,
  // Templates of an editor from before 2024, to be moved.
  /404 .*\/api\/userdata\/comfy\.templates\.json$/,
  // Bookmarked workflows.
  /404 .*\/api\/userdata\/workflows%2F\.index\.json$/,
  // A new LoadImage node while the participant has not uploaded anything.
  /404 .*\/api\/view\?type=input&filename=undefined&/,
];

export const isKnownError = (message: string): boolean =>
  KNOWN.some((pattern) => pattern.test(message));
