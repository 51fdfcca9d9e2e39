/**
 * Reads a zip archive (a Python wheel is one) with what Node brings: no `unzip`, no Python needed.
 *
 * Knows what wheels use: stored and deflated entries, sizes under 4 GiB. Everything else is refused
 * with a sentence: encryption, zip64, other compressions, a name that leaves the target folder, an
 * entry that is larger than its directory says, a wrong CRC-32.
 */
import { inflateRawSync } from "node:zlib";

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const END_OF_DIRECTORY_BYTES = 22;
const LONGEST_COMMENT = 0xffff;
/** No entry of a frontend wheel comes near it: stops a small archive from filling the memory. */
const LARGEST_ENTRY_BYTES = 256 * 1024 * 1024;

/** A zip archive that is not whole, or not one that we would unpack. */
export class ZipError extends Error {
  name = "ZipError";
}

/**
 * The archive's files, in its own order; folders are left out.
 *
 * @param {Buffer} archive
 * @returns {{ name: string, size: number, read: () => Buffer }[]} `read` unpacks and checks one file.
 * @throws {ZipError}
 */
export function readZip(archive) {
  const end = findEnd(archive);
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  if (count === 0xffff || at === 0xffffffff) throw new ZipError("it is a zip64 archive");
  const files = [];
  for (let index = 0; index < count; index++) {
    if (at + 46 > archive.length || archive.readUInt32LE(at) !== DIRECTORY_ENTRY) {
      throw new ZipError("its directory is damaged");
    }
    const nameLength = archive.readUInt16LE(at + 28);
    const name = archive.toString("utf8", at + 46, at + 46 + nameLength);
    const entry = {
      name,
      flags: archive.readUInt16LE(at + 8),
      method: archive.readUInt16LE(at + 10),
      crc: archive.readUInt32LE(at + 16),
      packedSize: archive.readUInt32LE(at + 20),
      size: archive.readUInt32LE(at + 24),
      offset: archive.readUInt32LE(at + 42),
    };
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
    if (name.endsWith("/")) continue;
    requireConfined(name);
    files.push({ name, size: entry.size, read: () => readEntry(archive, entry) });
  }
  return files;
}

function findEnd(archive) {
  const first = Math.max(0, archive.length - END_OF_DIRECTORY_BYTES - LONGEST_COMMENT);
  for (let at = archive.length - END_OF_DIRECTORY_BYTES; at >= first; at--) {
    if (archive.readUInt32LE(at) === END_OF_DIRECTORY) return at;
  }
  throw new ZipError("it is not a zip archive, or it is cut off");
}

/** An archive from outside must not choose where on this machine it writes. */
function requireConfined(name) {
  const inside = name
    .split("/")
    .every((part) => part !== "" && part !== "." && part !== ".." && !/[\\:\0]/.test(part));
  if (!inside) throw new ZipError(`the name ${JSON.stringify(name)} leaves its folder`);
}

function readEntry(archive, { name, flags, method, crc, packedSize, size, offset }) {
  if (flags & 1) throw new ZipError(`${name} is encrypted`);
  if (size > LARGEST_ENTRY_BYTES) throw new ZipError(`${name} is too large`);
  if (offset + 30 > archive.length || archive.readUInt32LE(offset) !== LOCAL_HEADER) {
    throw new ZipError(`${name} is damaged`);
  }
  const start = offset + 30 + archive.readUInt16LE(offset + 26) + archive.readUInt16LE(offset + 28);
  const packed = archive.subarray(start, start + packedSize);
  const bytes = unpack(name, method, packed, size);
  if (bytes.length !== size || crc32(bytes) !== crc) throw new ZipError(`${name} is damaged`);
  return bytes;
}

function unpack(name, method, packed, size) {
  if (method === 0) return packed;
  if (method !== 8) throw new ZipError(`${name} uses compression ${method}`);
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(size, 1) });
  } catch (error) {
    throw new ZipError(`${name} is damaged`, { cause: error });
  }
}

/** Node has `zlib.crc32` from 20.15 on only. */
const crcTable = Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value >>> 0;
});

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
