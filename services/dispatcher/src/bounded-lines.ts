/** Lines of a stream, each bounded: who sends a line without an end does not fill the memory. */

/** Yields lines without their ends, empty ones left out. Throws when a line has more bytes. */
export async function* boundedLines(
  source: AsyncIterable<Buffer>,
  maxBytes: number,
): AsyncGenerator<string> {
  let pieces: Buffer[] = [];
  let bytes = 0;
  const take = (): string => {
    const line = Buffer.concat(pieces).toString("utf8").trim();
    pieces = [];
    bytes = 0;
    return line;
  };
  for await (const chunk of source) {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      pieces.push(chunk.subarray(start, end));
      start = end + 1;
      const line = take();
      if (line !== "") yield line;
    }
    const rest = chunk.subarray(start);
    bytes += rest.length;
    if (bytes > maxBytes) throw new Error(`a line has more than ${maxBytes} bytes`);
    pieces.push(rest);
  }
  const line = take();
  if (line !== "") yield line;
}
