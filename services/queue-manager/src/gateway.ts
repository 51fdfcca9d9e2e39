/** What the routes work with; made once in `app.ts` and handed to each. */
import type { QueueContract } from "@comfymulti/queue";
import type { FastifyInstance } from "fastify";
import type { Environment } from "./environment.ts";
import type { UserFiles } from "./files/user-files.ts";
import type { HealthMonitor } from "./health-monitor.ts";
import type { Patience } from "./limits.ts";
import type { ObjectInfoCatalogue } from "./object-info/catalogue.ts";
import type { SocketHub } from "./sockets/socket-hub.ts";
import type { Intake } from "./submission/intake.ts";
import type { Submissions } from "./submission/submissions.ts";

export interface Gateway {
  readonly environment: Environment;
  readonly queue: QueueContract;
  readonly files: UserFiles;
  readonly objectInfo: ObjectInfoCatalogue;
  readonly sockets: SocketHub;
  readonly submissions: Submissions;
  readonly intake: Intake;
  readonly health: HealthMonitor;
  readonly patience: Patience;
}

/** One route, or a few that belong together; paths are relative to the scope it is put in. */
export type Route = (app: FastifyInstance, gateway: Gateway) => void;
