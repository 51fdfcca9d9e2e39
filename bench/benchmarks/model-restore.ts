/**
 * 2 GB in eight files from a bucket to this disk, every byte verified: the worker's restore command
 * beside one plain curl of the same files from the same server, and beside that curl with a wait until
 * the disk has them, as a restore waits. They take turns.
 */
import { execFile } from "node:child_process";
import { createHash, randomFillSync } from "node:crypto";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { repository } from "../../components/installation.ts";
import { startObjectStore } from "../../worker/test/support/object-store.ts";
import type { Benchmark, Figure, Scope } from "../measurement/figure.ts";
import { median, repeated } from "../measurement/statistics.ts";

const FILES = 8;
const FILE_BYTES = 250_000_000;
const PIECE_BYTES = 10_000_000;
const ROUNDS = 3;
/** Of curl's speed: what a restore that also verifies should reach. */
const GOAL = 0.9;

const run = promisify(execFile);

export const modelRestore: Benchmark = {
  name: "model-restore",
  about: "2 GB of models in 8 files from an S3 server, beside one curl of the same bytes",
  onlyWhenNamed: true,
  async run(scope: Scope): Promise<Figure[]> {
    const folder = mkdtempSync(path.join(tmpdir(), "comfymulti-bench-restore-"));
    scope.defer(() => rmSync(folder, { recursive: true, force: true }));
    mkdirSync(path.join(folder, "store"));
    const store = await startObjectStore(path.join(folder, "store"));
    scope.defer(() => store.stop());
    const { R2_ENDPOINT, R2_BUCKET, R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY } = store.settings;

    const bucket = path.join(folder, "store", "objects", R2_BUCKET, "checkpoints");
    mkdirSync(bucket, { recursive: true });
    const files = Array.from({ length: FILES }, (_, index) =>
      writeModel(bucket, `model-${index}.safetensors`),
    );
    const manifest = path.join(folder, "manifest.json");
    const templates = { all: files.map(({ folder: where, name }) => `${where}/${name}`) };
    writeFileSync(manifest, JSON.stringify({ files, templates }));

    const target = path.join(folder, "target");
    const curl = () =>
      run("curl", [
        ...["--silent", "--show-error", "--fail", "--aws-sigv4", "aws:amz:auto:s3"],
        ...["--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD"],
        ...["--user", `${R2_ACCESS_KEY_ID}:${R2_SECRET_ACCESS_KEY}`, "--remote-name-all"],
        ...["--output-dir", target],
        ...files.map(({ name }) => `${R2_ENDPOINT}/${R2_BUCKET}/checkpoints/${name}`),
      ]);
    const restore = () =>
      run(
        process.execPath,
        [
          path.join(repository, "worker/src/cli/main.ts"),
          ...["models", "restore", "--manifest", manifest],
        ],
        { env: { ...process.env, ...store.settings, MODELS_DIRECTORY: target } },
      );

    const synced = async () => {
      await curl();
      await run(
        "sync",
        files.map(({ name }) => path.join(target, name)),
      );
    };

    const curls: number[] = [];
    const disks: number[] = [];
    const restores: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      for (const [transfer, seconds] of [
        [curl, curls],
        [synced, disks],
        [restore, restores],
      ] as const) {
        rmSync(target, { recursive: true, force: true });
        mkdirSync(target);
        seconds.push(await timed(transfer));
      }
    }
    const speed = (seconds: number) => (FILES * FILE_BYTES) / 1e6 / seconds;
    return [
      repeated("one curl, 2 GB", "s", curls),
      repeated("one curl, 2 GB, until the disk has it", "s", disks),
      repeated("restore, 2 GB, verified", "s", restores),
      { name: "restore: megabytes a second", unit: "/s", value: speed(median(restores)) },
      {
        name: "restore's speed ÷ curl's",
        unit: "×",
        value: median(curls) / median(restores),
        samples: ROUNDS,
      },
      {
        name: "restore's speed ÷ the disk's",
        unit: "×",
        value: median(disks) / median(restores),
        samples: ROUNDS,
        atLeast: GOAL,
      },
    ];
  },
};

async function timed(transfer: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await transfer();
  return (performance.now() - start) / 1000;
}

/** Random bytes, so that no filesystem makes them smaller. */
function writeModel(bucket: string, name: string) {
  const hash = createHash("sha256");
  const file = openSync(path.join(bucket, name), "w");
  for (let written = 0; written < FILE_BYTES; written += PIECE_BYTES) {
    const piece = randomFillSync(Buffer.allocUnsafe(PIECE_BYTES));
    hash.update(piece);
    writeSync(file, piece);
  }
  closeSync(file);
  return { folder: "checkpoints", name, sizeBytes: FILE_BYTES, sha256: hash.digest("hex") };
}
