/** The cases of every alert. */
import type { AlertName } from "../../src/index.ts";
import type { Cases } from "./case.ts";
import { jobCases } from "./of-jobs.ts";
import { appServerCases } from "./of-the-app-server.ts";
import { workerCases } from "./of-workers.ts";

export type { Firing, Quiet } from "./case.ts";

export const cases: Readonly<Record<AlertName, Cases>> = {
  ...jobCases,
  ...workerCases,
  ...appServerCases,
};
