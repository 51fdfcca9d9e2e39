/** Files that a container is given before it starts. */
import type Docker from "dockerode";
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { ContainerInputs } from "./container-inputs.ts";

type Upload = NonNullable<ContainerInputs["uploads"]>[number];

export async function putUploads(
  container: Docker.Container,
  uploads: readonly Upload[],
): Promise<void> {
  if (uploads.length === 0) return;
  const folder = await mkdtemp(path.join(tmpdir(), "comfymulti-uploads-"));
  try {
    for (const upload of uploads) {
      const place = path.join(folder, upload.file);
      await mkdir(path.dirname(place), { recursive: true });
      await writeFile(place, await contentOf(upload));
      await chmod(place, parseInt(upload.permissions ?? (upload.executable ? "0744" : "0644"), 8));
    }
    // Only files: a folder in the archive would change that of the image.
    const names = uploads.map(({ file }) => `.${path.posix.normalize(file)}`);
    const { stdout } = await promisify(execFile)(
      "tar",
      ["--create", "--owner=0", "--group=0", "--numeric-owner", "-C", folder, "--", ...names],
      { encoding: "buffer", maxBuffer: 256 * 1024 * 1024 },
    );
    await container.putArchive(stdout, { path: "/" });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function contentOf({ content, contentBase64, source }: Upload): Promise<Buffer> {
  if (content !== undefined) return Buffer.from(content);
  if (contentBase64 !== undefined) return Buffer.from(contentBase64, "base64");
  return readFile(source ?? "");
}
