/** What a check is, and what it finds. */
import type { AdminApi } from "../cost/admin-api.ts";
import type { StackView } from "../cost/stack-view.ts";
import type { Platform } from "../../stacks/outputs.ts";
import type { Settings } from "../../stacks/settings.ts";

/** What `--fix` does for it: an update of the stack, a backup now. */
export type Remedy = "up" | "backup";

export type Finding =
  | { readonly isFine: true; readonly sentence: string }
  | {
      readonly isFine: false;
      readonly sentence: string;
      /** What to do, in one sentence. */
      readonly cure: string;
      readonly remedy?: Remedy;
    };

/** A stack whose settings are in order. */
export interface Patient {
  readonly name: string;
  readonly settings: Settings;
  readonly view: StackView;
}

/** One whose last update made an output: it is up, or meant to be. */
export interface UpPatient extends Patient {
  readonly platform: Platform;
  readonly api: AdminApi;
}

export interface Check<Of extends Patient = UpPatient> {
  /** `disk space` */
  readonly name: string;
  /** Whether it has anything to look at. Default: always. */
  readonly applies?: (patient: Of) => boolean;
  readonly look: (patient: Of) => Promise<readonly Finding[]>;
}

export const fine = (sentence: string): Finding => ({ isFine: true, sentence });

export const fault = (sentence: string, cure: string, remedy?: Remedy): Finding => ({
  ...{ isFine: false, sentence, cure },
  ...(remedy && { remedy }),
});

export const isCloud = ({ settings }: Patient): boolean => settings.kind !== "local";

/** The cure of what another update puts right. */
export const upCure = (name: string): string => `npx comfymulti up ${name} puts it right.`;
