/** Which participant sees which editor. */

/** `light`: the editor alone. `comfyui`: a ComfyUI of their own. `comfyui-shared`: one for several. */
export const frontendEngines = ["light", "comfyui", "comfyui-shared"] as const;
export type FrontendEngine = (typeof frontendEngines)[number];

export interface FrontendPlan {
  /** `user001` */
  readonly user: string;
  readonly engine: FrontendEngine;
  /** ComfyUI version. */
  readonly version: string;
}

/** Name of the full ComfyUI that a participant uses. */
export const comfyuiName = ({ user, engine, version }: FrontendPlan) =>
  engine === "comfyui" ? `comfyui-${user}` : `comfyui-shared-${version.replaceAll(".", "-")}`;

/** Each full ComfyUI once, with everybody who uses it. */
export function comfyuisOf(plans: readonly FrontendPlan[]) {
  const full = plans.filter(({ engine }) => engine !== "light");
  const names = [...new Set(full.map(comfyuiName))];
  return names.map((name) => {
    const users = full.filter((plan) => comfyuiName(plan) === name);
    const [{ version, engine }] = users as [FrontendPlan, ...FrontendPlan[]];
    return { name, version, shared: engine === "comfyui-shared", users };
  });
}

/** Versions whose light editor somebody sees, oldest first. */
export const lightVersions = (plans: readonly FrontendPlan[]): string[] =>
  [...new Set(plans.filter(({ engine }) => engine === "light").map(({ version }) => version))].sort(
    (one, other) => one.localeCompare(other, "en", { numeric: true }),
  );
