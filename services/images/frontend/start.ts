/**
 * Start of the light frontend's container: puts the editor's hashed files where nginx serves them from,
 * then becomes the service.
 *
 * EDITOR_DIRECTORY   the folder that nginx knows by the same setting. Default: nginx serves none
 */
import { comfyuiVersions } from "@comfymulti/workflows";
import { env } from "node:process";
import { placeEditorFiles } from "../../nginx/src/editor-files.ts";

const { EDITOR_DIRECTORY, BUNDLE_DIRECTORY = "", COMFYUI_VERSION = "" } = env;
const editorVersion = comfyuiVersions[COMFYUI_VERSION]?.frontendPackage;

if (EDITOR_DIRECTORY && editorVersion) {
  try {
    await placeEditorFiles({
      bundleDirectory: BUNDLE_DIRECTORY,
      editorDirectory: EDITOR_DIRECTORY,
      editorVersion,
    });
  } catch (error) {
    // Another ComfyUI version with the same editor may have been faster. Otherwise nginx asks this
    // service for what it does not find: slower, and no reason to be without an editor.
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "EEXIST") {
      console.error(`The editor's files could not be put into EDITOR_DIRECTORY: ${message}`);
    }
  }
}

await import("../../frontend/src/main.ts");
