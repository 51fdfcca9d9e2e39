import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** Where a stack's supervisor keeps its things, computed alike by provider, supervisor and CLI. */
export interface SupervisorPaths {
  readonly data: string;
  /** Logs, mode 0700: `<service>.log`, its older half `<service>.log.1`, and `supervisor.log`. */
  readonly logs: string;
  /** Socket, identity and records; mode 0700; removed when the supervisor ends. */
  readonly runtime: string;
  readonly socket: string;
  /** Identity (pid, start time) of the running supervisor. */
  readonly identity: string;
  /** Identities of the services' processes, for the next supervisor if this one is killed. */
  readonly records: string;
}

/** `sockaddr_un.sun_path` holds 108 bytes with its final NUL. */
const LONGEST_SOCKET_PATH = 107;

export function supervisorPaths(dataDirectory: string): SupervisorPaths {
  const data = resolve(dataDirectory);
  const runtime = runtimeDirectory(data);
  return {
    data,
    logs: join(data, "logs"),
    runtime,
    socket: join(runtime, "supervisor.sock"),
    identity: join(runtime, "supervisor.json"),
    records: join(runtime, "services.json"),
  };
}

export function serviceLogFile(paths: SupervisorPaths, service: string): string {
  return join(paths.logs, `${service}.log`);
}

function runtimeDirectory(data: string): string {
  const inside = join(data, "run");
  if (Buffer.byteLength(join(inside, "supervisor.sock")) <= LONGEST_SOCKET_PATH) return inside;
  const hash = createHash("sha256").update(data).digest("hex").slice(0, 16);
  return join(tmpdir(), `comfymulti-${hash}`);
}
