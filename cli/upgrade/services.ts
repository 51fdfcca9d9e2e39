/** How the services of a stack are: its processes here, or its containers over ssh. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { SupervisorClient } from "../../components/hosts/index.ts";
import type { Platform } from "../../stacks/outputs.ts";
import { runningContainers } from "../running-containers.ts";

export interface ServiceState {
  readonly name: string;
  readonly isWell: boolean;
  /** Since it was made; what is made anew begins at 0. */
  readonly restarts: number;
}

/** Nothing where nobody can be asked. */
export async function serviceStates({ directories, appServer }: Platform): Promise<ServiceState[]> {
  if (directories) {
    const services = (await new SupervisorClient(directories.data).status()) ?? [];
    return services.map(({ name, status, restarts }) => ({
      name,
      isWell: status === "running",
      restarts,
    }));
  }
  if (!appServer) return [];
  const containers = await runningContainers(appServer);
  const restarts = await restartsOf(
    appServer,
    containers.map(({ name }) => name),
  );
  return containers.map(({ name, status }) => ({
    name,
    isWell: status === "healthy" || status === "running",
    restarts: restarts.get(name) ?? 0,
  }));
}

const PATIENCE_MS = 20_000;

async function restartsOf(
  { dockerAddress, containerPrefix }: NonNullable<Platform["appServer"]>,
  names: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (names.length === 0) return new Map();
  try {
    const { stdout } = await promisify(execFile)(
      "docker",
      [
        ...["-H", dockerAddress, "inspect", "--format", "{{.Name}} {{.RestartCount}}"],
        ...names.map((name) => `${containerPrefix}-${name}`),
      ],
      { timeout: PATIENCE_MS },
    );
    const lines = stdout.trim().split("\n");
    return new Map(
      lines.map((line) => {
        // "/comfyume-workshop-nginx 0"
        const [name = "", count] = line.split(" ");
        return [name.slice(containerPrefix.length + 2), Number(count)];
      }),
    );
  } catch {
    return new Map();
  }
}
