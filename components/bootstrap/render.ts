/** Scripts that make a fresh machine ready, out of typed records. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { z } from "zod";
import { gpuRecordSchema, hostRecordSchema, imageLoadSchema } from "./record.ts";
import type { GpuRecord, HostRecord, ImageLoad } from "./record.ts";
import { assignments } from "./shell.ts";

const source = (name: string) => readFileSync(new URL(`scripts/${name}`, import.meta.url), "utf8");

/**
 * The startup script of a GPU machine: private network, firewall, scratch volume, shared filesystem,
 * Docker with the NVIDIA runtime, folders, restore of the models. Holds the record's key.
 * @throws Error with one sentence a fault when the record is wrong
 */
export function renderGpuStartupScript(record: GpuRecord): string {
  const parsed = parse(gpuRecordSchema, record);
  const { scratch, sharedFilesystem, dataDirectory, workerUser, tailscale, openPorts } = parsed;
  return script("gpu.sh", tailscale, {
    SCRATCH_UUID: scratch.volumeId.toLowerCase(),
    SCRATCH_PATH: scratch.path,
    SHARED_TARGET: sharedFilesystem.target,
    SHARED_PATH: sharedFilesystem.path,
    SHARED_OPTIONS: sharedFilesystem.options,
    DATA_PATH: dataDirectory,
    WORKER_USER: workerUser,
    OPEN_PORTS: openPorts,
  });
}

/**
 * The bootstrap of the app server: swap, Docker, private network, firewall, folders, unattended
 * upgrades. Holds the record's key.
 * @throws Error with one sentence a fault when the record is wrong
 */
export function renderHostBootstrap(record: HostRecord): string {
  const { tailscale, openPorts, directories, swapMb, rebootAt } = parse(hostRecordSchema, record);
  return script("host.sh", tailscale, {
    OPEN_PORTS: openPorts,
    DIRECTORIES: directories.map(({ path, owner, mode }) => `${mode} ${owner} ${path}`),
    SWAP_MB: swapMb,
    REBOOT_TIME: rebootAt ?? "",
  });
}

/**
 * Loads an image of the vault into a machine's Docker, checked by its sum; does nothing where it is.
 * Holds the bucket's key.
 * @throws Error with one sentence a fault when the record is wrong
 */
export function renderImageLoad(record: ImageLoad): string {
  const { localName, archiveSum, objectUrl, accessKeyId, secretAccessKey, folder } = parse(
    imageLoadSchema,
    record,
  );
  return bash(
    {
      LOCAL_NAME: localName,
      ARCHIVE_SUM: archiveSum,
      OBJECT_URL: objectUrl,
      ACCESS_KEY_ID: accessKeyId,
      SECRET_ACCESS_KEY: secretAccessKey,
      FOLDER: folder,
    },
    source("load-image.sh"),
  );
}

interface Tailscale {
  readonly authKey: string;
  readonly hostname: string;
  readonly tags: readonly string[];
}

function script(
  file: string,
  { authKey, hostname, tags }: Tailscale,
  values: Parameters<typeof assignments>[0],
): string {
  const common = { TAILSCALE_HOSTNAME: hostname, TAILSCALE_TAGS: tags.join(","), ...values };
  const body = `${source("common.sh")}\n${source(file)}`;
  // Says which script made a machine ready; the key is no part of it.
  const record = createHash("sha256").update(JSON.stringify(common)).update(body).digest("hex");
  return bash({ TAILSCALE_KEY: authKey, ...common, RECORD: record.slice(0, 16) }, body);
}

const bash = (values: Parameters<typeof assignments>[0], body: string): string =>
  ["#!/bin/bash", "set -euo pipefail", "", assignments(values), "", body].join("\n");

function parse<Schema extends z.ZodType>(schema: Schema, record: unknown): z.output<Schema> {
  const result = schema.safeParse(record);
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`);
  throw new Error(`The machine's record is wrong: ${faults.join("; ")}.`);
}
