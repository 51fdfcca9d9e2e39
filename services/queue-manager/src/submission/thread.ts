/**
 * What a thread of `Submissions` runs: one prompt a call. It keeps the node definitions parsed from
 * call to call, and answers refusals as data, since an error loses its class between threads.
 */
import { objectInfoSchema, type ObjectInfo } from "@comfymulti/workflows";
import { GatewayError } from "../errors.ts";
import { UserFiles } from "../files/user-files.ts";
import { uploadedFileExists } from "../object-info/upload-inputs.ts";
import { prepareSubmission, type Submission } from "./prepare-submission.ts";

/** A prompt to judge, and by what. */
export interface Task {
  /** The body. Its memory moves to the thread. */
  readonly bytes: Uint8Array;
  readonly user: string;
  readonly dataDirectory: string;
  readonly migrate: boolean;
  readonly objectInfo: { readonly version: string; readonly text: SharedArrayBuffer };
}

/** A `GatewayError` on its way between threads. */
export interface Refusal extends Pick<GatewayError, "status" | "type" | "message" | "options"> {
  readonly refused: true;
}

let known: { readonly version: string; readonly objectInfo: ObjectInfo } | undefined;

export default async function judge(task: Task): Promise<Submission | Refusal> {
  const files = new UserFiles(task.dataDirectory);
  const objectInfo = definitions(task.objectInfo);
  try {
    return await prepareSubmission(task.bytes, objectInfo, {
      inputFileExists: (name) => uploadedFileExists(name, files, task.user),
      migrate: task.migrate,
    });
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const { status, type, message, options } = error;
    return { refused: true, status, type, message, options };
  }
}

function definitions({ version, text }: Task["objectInfo"]): ObjectInfo {
  if (known?.version !== version) {
    const json = Buffer.from(text).toString("utf8");
    known = { version, objectInfo: objectInfoSchema.parse(JSON.parse(json)) };
  }
  return known.objectInfo;
}
