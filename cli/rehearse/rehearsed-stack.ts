/** What a rehearsal has to know of the stack that it is for. */
import { capturedVersions } from "@comfymulti/workflows";
import { parseSettings, type Settings } from "../../stacks/settings.ts";
import { readStackFile, type StackFile } from "../stack-settings.ts";
import { VisibleError } from "../visible-error.ts";
import { rehearsedConfig } from "./rehearsed-config.ts";
import { stepsOf, type Step, type Versions } from "./steps.ts";

export interface RehearsedStack {
  readonly name: string;
  readonly file: StackFile;
  readonly settings: Settings;
  /** Of the declaration's life. */
  readonly steps: readonly Step[];
  /** Versions of the workers that a day begins with, and that an upgrade tries. */
  readonly dayVersions: Versions;
}

/** @throws VisibleError for a stack on this machine: there is nothing to stand in for */
export function readRehearsedStack(name: string): RehearsedStack {
  const file = readStackFile(name);
  const settings = rehearsedSettings(name, file);
  if (settings.kind === "local" || !settings.images) {
    throw new VisibleError(
      `Stack ${name} runs on this machine: there is nothing to stand in for. Rehearse a stack in the cloud: npx comfymulti rehearse workshop`,
    );
  }
  const { images, frontendVersion, workerVersion, users, workers } = settings;
  const older = (versions: readonly string[], newer: string) =>
    versions.find((version) => compareVersions(version, newer) < 0);
  const steps = stepsOf(file, {
    ...{ users, workers },
    spot: workers > 0 && settings.fleet?.spot === true,
    frontend: {
      newer: frontendVersion,
      older: older(Object.keys(images.frontend), frontendVersion),
    },
    worker: {
      newer: workerVersion,
      older: workers === 0 ? undefined : older(Object.keys(images.worker), workerVersion),
    },
  });
  // No image is needed on this machine: any version whose nodes are known will do.
  const dayVersions = { newer: workerVersion, older: older(capturedVersions(), workerVersion) };
  return { name, file, settings, steps, dayVersions };
}

/** The settings as the rehearsal has them: without the secrets that the real stack may still lack. */
function rehearsedSettings(stackName: string, { config }: StackFile): Settings {
  const rehearsed = rehearsedConfig(config ?? {}, {
    verdaUrl: "http://127.0.0.1/v1",
    began: new Date(),
  });
  return parseSettings(
    stackName,
    Object.fromEntries(Object.entries(rehearsed).map(([key, { value }]) => [key, value])),
  );
}

/** Below, at or above zero, as `one` is older than, the same as or newer than `other`. */
const compareVersions = (one: string, other: string) =>
  one.localeCompare(other, "en", { numeric: true });
