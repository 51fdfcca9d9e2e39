/**
 * What a participant finds on the first visit. Later visits find what they left.
 *
 * `Comfy.TutorialCompleted` is left alone on purpose: without it the frontend opens its template
 * browser by itself, once, and that shows the workshop's templates.
 */
import { lstat } from "node:fs/promises";
import { Readable } from "node:stream";
import { templates } from "@comfymulti/workflows";
import { Refusal } from "./refusal.ts";
import type { UserFiles } from "./storage/user-files.ts";
import { ignoreMissing } from "./storage/user-path.ts";
import type { Settings, UserSettings } from "./storage/user-settings.ts";

/** Runs without any model, so it shows that everything works. */
const EXAMPLE = "example_workflow";
/** Its own name: under the template's, opening the template would open the participant's copy. */
const STORED_AS = "workflows/My first workflow.json";

export interface FirstVisit {
  readonly files: UserFiles;
  readonly settings: UserSettings;
  /** Version of comfyui-frontend-package that the user begins with. */
  readonly frontendPackage: string;
}

/**
 * Stores the first settings and puts the example among the user's workflows. Once: a user who
 * deletes it does not get it again.
 */
export async function prepareFirstVisit(
  { files, settings, frontendPackage }: FirstVisit,
  user: string,
): Promise<void> {
  if (await lstat(files.folderOf(user)).catch(ignoreMissing)) return;
  await settings.change(user, firstSettings(frontendPackage));
  const example = templates.find((template) => template.id === EXAMPLE);
  if (!example) return;
  const content = Readable.from([Buffer.from(JSON.stringify(example.ui))]);
  try {
    await files.store(user, STORED_AS, content, false);
  } catch (error) {
    // A second tab was quicker.
    if (!(error instanceof Refusal && error.statusCode === 409)) throw error;
  }
}

function firstSettings(frontendPackage: string): Settings {
  return {
    // The frontend stores it itself where there are no settings at all; it picks newer defaults by it.
    "Comfy.InstalledVersion": frontendPackage,
    // Asks api.comfy.org for releases: the host decides the version here, and the net may be closed.
    "Comfy.Notification.ShowVersionUpdates": false,
  };
}
