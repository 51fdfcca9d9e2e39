/** Declarations of whole stacks, for examples. */
import type { DeclarationArgs } from "../../components/declaration/declaration.ts";
import { DECLARATION_TYPE } from "../subjects/platform.ts";
import type { Example } from "./example.ts";

const HOUR = 3_600_000;

/** Days and hours from now: rules compare with the clock. */
export const fromNow = (hours: number): string => new Date(Date.now() + hours * HOUR).toISOString();

export const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

const users = ["user001", "user002", "user003", "user004"];

/** A workshop on rented GPUs that keeps every rule. */
export const workshop: DeclarationArgs = {
  kind: "workshop",
  frontends: users.map((user) => ({ user, engine: "light", version: "0.11.1" })),
  workers: ["worker-1", "worker-2"].map((name) => ({
    name,
    comfyuiVersion: "0.11.1",
    host: "instance",
    gpuVramMiB: 81_559,
  })),
  templates: ["example_workflow", "ltx2_text_to_video"],
  canaries: (["frontend", "worker"] as const).map((service) => ({
    service,
    version: "0.11.1",
    stack: "staging",
    at: fromNow(-48),
    jobs: 12,
  })),
  retained: (["frontend", "worker"] as const).map((service) => ({
    service,
    version: "0.9.2",
    image: `registry.example/comfyui-${service}:0.9.2@${digest}`,
  })),
  lastBackup: {
    at: fromNow(-2),
    of: ["user-files", "worker-image", "shared-filesystem", "images"],
  },
  endsAt: fromNow(10),
  budget: { currency: "EUR", amount: 100 },
  hourlyPrice: 5,
  monitoring: true,
  sharedFilesystem: { sizeGb: 200, mountedBy: ["worker-1", "worker-2"] },
  edge: {
    public: true,
    tls: true,
    proxyTimeoutSeconds: 900,
    routes: [{ path: "/", to: "queue-manager" }],
  },
};

/** Everything on one machine, nothing rented: the stack `local`. */
export const home: DeclarationArgs = {
  kind: "local",
  frontends: workshop.frontends,
  workers: [{ name: "worker-1", comfyuiVersion: "0.11.1", host: "local" }],
  templates: workshop.templates,
  monitoring: false,
  edge: { public: false, tls: false, routes: [{ path: "/", to: "queue-manager" }] },
};

/** The declaration of a stack like this one, but for what is named. */
export const declared = (
  base: DeclarationArgs,
  change: Partial<DeclarationArgs> = {},
): Example => ({
  type: DECLARATION_TYPE,
  props: { ...base, ...change },
});

/** The workshop, with this change in every worker. */
export const withWorkers = (change: Partial<DeclarationArgs["workers"][number]>): Example =>
  declared(workshop, { workers: workshop.workers.map((worker) => ({ ...worker, ...change })) });
