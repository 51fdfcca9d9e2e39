/** One word for a POSIX shell, zsh included. */
export const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
