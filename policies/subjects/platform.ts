/** The declaration of a stack as rules look at it. */
import {
  declarationSchema,
  type DeclaredPlatform,
} from "../../components/declaration/declaration.ts";

export const DECLARATION_TYPE = "comfymulti:index:Declaration";

/** What a stack says of itself; undefined when the resource is something else. */
export function declaredPlatform(type: string, props: unknown): DeclaredPlatform | undefined {
  return type === DECLARATION_TYPE ? declarationSchema.parse(props) : undefined;
}

export type DeclaredWorker = DeclaredPlatform["workers"][number];

/** Workers that are paid for by the hour. */
export const rentedWorkers = (platform: DeclaredPlatform): DeclaredWorker[] =>
  platform.workers.filter(({ host }) => host !== "local");

/**
 * Whether something of value hangs on it: rented machines, or people who come from outside. A whole
 * stack on one machine's loopback is a rehearsal and may lack backups, canaries and an end.
 */
export const isLive = (platform: DeclaredPlatform): boolean =>
  platform.edge.public || rentedWorkers(platform).length > 0;

/** ComfyUI versions in use, each once, oldest first. */
export const versionsOf = (platform: DeclaredPlatform, service: "frontend" | "worker"): string[] =>
  [
    ...new Set(
      service === "frontend"
        ? platform.frontends.map(({ version }) => version)
        : platform.workers.map(({ comfyuiVersion }) => comfyuiVersion),
    ),
  ].sort(compareVersions);

/** Below, at or above zero, as `a` is older than, the same as or newer than `b`. */
export const compareVersions = (a: string, b: string): number =>
  a.localeCompare(b, "en", { numeric: true });
