/**
 * Brotli and gzip forms of the bundle's files, made at the first request for each and kept in a
 * folder beside the bundle, so that all users and later starts share them.
 */
import { createReadStream, createWriteStream } from "node:fs";
import { access, mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { constants, createBrotliCompress, createGzip } from "node:zlib";
import type { Bundle, BundleFile } from "./bundle.ts";

export type Encoding = "br" | "gzip";

/** 5 is where brotli beats gzip's best at a tenth of its top level's time. */
const BROTLI_QUALITY = 5;
/** 512 KiB: keeps a compression's memory small; the larger default saves next to nothing here. */
const BROTLI_WINDOW_BITS = 19;
/** Each compression holds some MB, and a first visit asks for 35 files at once. */
const AT_ONCE = 1;

export class CompressedFiles {
  readonly folder: string;
  readonly #bundle: Bundle;
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #ready = new Set<string>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(bundle: Bundle) {
    this.#bundle = bundle;
    this.folder = `${bundle.folder}.compressed`;
  }

  /**
   * Name in `folder` of the file in an encoding that the browser takes; undefined where it takes
   * none or compressing would not help.
   *
   * @throws when the folder can't be written; the caller then sends the file as it is.
   */
  async find(
    file: BundleFile,
    acceptEncoding: string,
  ): Promise<{ name: string; encoding: Encoding } | undefined> {
    const encoding = file.compressible ? chooseEncoding(acceptEncoding) : undefined;
    if (!encoding) return undefined;
    const name = `${file.path}.${file.version}.${encoding}`;
    if (!this.#ready.has(name)) {
      const making = this.#underWay.get(name) ?? this.#make(file, name, encoding);
      this.#underWay.set(name, making);
      try {
        await making;
      } finally {
        this.#underWay.delete(name);
      }
    }
    return { name, encoding };
  }

  async #make(file: BundleFile, name: string, encoding: Encoding): Promise<void> {
    const target = path.join(this.folder, name);
    const there = await access(target).then(
      () => true,
      () => false,
    );
    if (!there) await this.#compress(path.join(this.#bundle.folder, file.path), target, encoding);
    this.#ready.add(name);
  }

  async #compress(source: string, target: string, encoding: Encoding): Promise<void> {
    if (this.#running >= AT_ONCE) await new Promise<void>((go) => this.#waiting.push(go));
    this.#running += 1;
    const partial = `${target}.partial-${process.pid}`;
    try {
      await mkdir(path.dirname(target), { recursive: true });
      await pipeline(createReadStream(source), compressor(encoding), createWriteStream(partial));
      await rename(partial, target);
    } finally {
      await rm(partial, { force: true });
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }
}

function compressor(encoding: Encoding) {
  if (encoding === "gzip") return createGzip({ level: 6 });
  return createBrotliCompress({
    params: {
      [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: BROTLI_WINDOW_BITS,
    },
  });
}

/** Browsers list encodings without weights; one given `q=0` is refused. */
function chooseEncoding(acceptEncoding: string): Encoding | undefined {
  const accepted = acceptEncoding
    .split(",")
    .map((item) => item.trim().toLowerCase())
    .filter((item) => !/;\s*q=0(\.0+)?$/.test(item))
    .map((item) => item.split(";")[0]);
  return (["br", "gzip"] as const).find((encoding) => accepted.includes(encoding));
}
