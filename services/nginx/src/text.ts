/** How the configuration's text is put together. */

const INDENT = "    ";

/** The lines one or more levels further in; empty lines stay empty. */
export function indent(text: string, levels = 1): string {
  return text.replaceAll(/^(?=.)/gm, INDENT.repeat(levels));
}

/** Sections under each other with an empty line between; those that are undefined are left out. */
export function sections(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join("\n\n");
}

/** `name { … }`. */
export function block(name: string, ...parts: readonly (string | undefined)[]): string {
  return `${name} {\n${indent(sections(...parts))}\n}`;
}

/** The parts without an empty line between. */
export function lines(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join("\n");
}

/** An address as `listen` wants it. */
export function listenOn(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
