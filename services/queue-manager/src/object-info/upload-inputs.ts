/**
 * LoadImage-like inputs: combos whose options are the files that the user uploaded. The worker's own
 * list names what happens to lie on the GPU machine, also other users' files, so it is replaced.
 */
import { existsSync } from "node:fs";
import { comboOptions, readInputSpec, type ObjectInfo } from "@comfymulti/workflows";
import mime from "mime-types";
import type { UserId } from "@comfymulti/queue";
import { parseFileName, type UserFiles } from "../files/user-files.ts";

/** ComfyUI's marks of an input that offers an upload button, and the kinds of file each lists. */
const UPLOAD_KINDS: Readonly<Record<string, RegExp>> = {
  image_upload: /^image\//,
  audio_upload: /^(?:audio|video)\//,
  video_upload: /^video\//,
  file_upload: /./,
};

interface UploadInput {
  readonly classType: string;
  readonly section: "required" | "optional";
  readonly input: string;
  readonly kind: RegExp;
}

const SECTIONS = ["required", "optional"] as const;

/** Every upload input of an object_info. */
export function findUploadInputs(objectInfo: ObjectInfo): readonly UploadInput[] {
  return Object.entries(objectInfo).flatMap(([classType, definition]) =>
    SECTIONS.flatMap((section) =>
      Object.entries(definition.input[section] ?? {}).flatMap(([input, spec]) => {
        const read = readInputSpec(spec);
        // An input with `remote` asks its own route for its files.
        if (!read || comboOptions(read) === undefined || "remote" in read.options) return [];
        const mark = Object.keys(UPLOAD_KINDS).find((name) => read.options[name] === true);
        const kind = mark === undefined ? undefined : UPLOAD_KINDS[mark];
        return kind ? [{ classType, section, input, kind }] : [];
      }),
    ),
  );
}

/**
 * The same object_info with these files as options of the upload inputs; shares the rest. Each input
 * lists the kind of file that it can load.
 */
export function withUploadedFiles(
  objectInfo: ObjectInfo,
  inputs: readonly UploadInput[],
  filenames: readonly string[],
): ObjectInfo {
  const overlaid = { ...objectInfo };
  for (const { classType, section, input, kind } of inputs) {
    const definition = overlaid[classType];
    const specs = definition?.input[section];
    const spec = specs && readInputSpec(specs[input]);
    if (!definition || !spec) continue;
    const options = filenames.filter((name) =>
      kind.test(mime.lookup(name) || "application/octet-stream"),
    );
    const replaced =
      spec.type === "COMBO" ? ["COMBO", { ...spec.options, options }] : [options, spec.options];
    overlaid[classType] = {
      ...definition,
      input: { ...definition.input, [section]: { ...specs, [input]: replaced } },
    };
  }
  return overlaid;
}

/**
 * Whether an upload input's value names a file which this user really has (`photo.png`,
 * `pasted/image.png`, `mask.png [input]`), as ComfyUI's own check accepts them.
 */
export function uploadedFileExists(value: string, files: UserFiles, user: UserId): boolean {
  const annotated = /^(?<path>.*?)(?: \[(?<type>input|output|temp)\])?$/s.exec(value)?.groups;
  const segments = (annotated?.["path"] ?? "").split("/");
  try {
    const name = parseFileName({
      type: annotated?.["type"] ?? "input",
      filename: segments.pop() ?? "",
      subfolder: segments.join("/"),
    });
    return existsSync(files.path(user, name));
  } catch {
    // Not even a possible name.
    return false;
  }
}
