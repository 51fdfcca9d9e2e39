/** Examples of rules on versions, upgrades and their records. */
import type { ExamplesByRule } from "./example.ts";
import { declared, digest, fromNow, home, withWorkers, workshop } from "./platforms.ts";

const kept = declared(workshop);
const retained = workshop.retained ?? [];
const frontendsOf = (version: string) =>
  workshop.frontends.map((frontend) => ({ ...frontend, version }));

export const versionExamples: ExamplesByRule = {
  "worker-version-captured": {
    kept: [kept, declared(home)],
    broken: [
      {
        ...withWorkers({ comfyuiVersion: "0.12.0" }),
        says: "run comfymulti capture URL against a ComfyUI 0.12.0",
        alsoBreaks: [
          "frontend-worker-pair-not-blocked",
          "worker-not-ahead-of-validated-frontend",
          "canary-before-fleet",
        ],
      },
    ],
  },
  "frontend-worker-pair-not-blocked": {
    kept: [kept, withWorkers({ comfyuiVersion: "0.9.2" })],
    broken: [
      {
        ...declared(workshop, {
          frontends: frontendsOf("0.12.0"),
          canaries: [
            ...(workshop.canaries ?? []),
            { service: "frontend", version: "0.12.0", stack: "staging", at: fromNow(-1), jobs: 10 },
          ],
        }),
        says: "Frontend 0.12.0 with worker 0.11.1 must not be blocked",
      },
    ],
  },
  "worker-not-ahead-of-validated-frontend": {
    kept: [kept, withWorkers({ comfyuiVersion: "0.9.2" })],
    broken: [
      {
        ...declared(workshop, { frontends: frontendsOf("0.9.2") }),
        says: "at most as new as the oldest frontend, 0.9.2, not 0.11.1",
      },
    ],
  },
  "templates-validated-for-pair": {
    kept: [kept],
    broken: [
      {
        ...declared(workshop, { templates: ["example_workflow", "wan_text_to_video"] }),
        says: "Template wan_text_to_video must be one of example_workflow",
      },
    ],
  },
  "canary-before-fleet": {
    kept: [
      kept,
      // A canary itself: one of two workers, one of four participants.
      declared(workshop, {
        frontends: [...frontendsOf("0.9.2").slice(1), ...frontendsOf("0.11.1").slice(0, 1)],
        workers: workshop.workers.map((worker) => ({ ...worker, comfyuiVersion: "0.9.2" })),
        canaries: [],
      }),
    ],
    broken: [
      {
        ...declared(workshop, { canaries: [] }),
        says: "frontend 0.11.1 must have a canary record of at least 10 jobs",
      },
      {
        ...declared(workshop, {
          canaries: (workshop.canaries ?? []).map((canary) => ({ ...canary, jobs: 3 })),
        }),
        says: "worker 0.11.1 must have a canary record of at least 10 jobs before it reaches the fleet, not 3",
      },
    ],
  },
  "rollback-image-retained": {
    kept: [kept, declared(home)],
    broken: [
      {
        ...declared(workshop, { retained: retained.filter(({ service }) => service === "worker") }),
        says: "A version of the frontend must be retained for a rollback",
      },
      {
        ...declared(workshop, {
          retained: retained.map((image) => ({ ...image, image: "comfyui-worker:0.9.2" })),
        }),
        says: "must be named by its digest (name@sha256:…), not comfyui-worker:0.9.2",
      },
    ],
  },
  "backup-before-upgrade": {
    kept: [
      kept,
      // The first deployment has nothing to lose yet, and the same version is no upgrade.
      declared(workshop, {
        retained: retained.map((image) => ({ ...image, version: "0.11.1" })),
        lastBackup: undefined,
      }),
    ],
    broken: [
      {
        ...declared(workshop, { lastBackup: undefined }),
        says: "at most 24 hours old, not none",
      },
      {
        ...declared(workshop, { lastBackup: { at: fromNow(-30), of: ["user-files"] } }),
        says: "without worker-image, shared-filesystem, images",
      },
    ],
  },
  "image-pinned": {
    kept: [
      {
        type: "docker:index/remoteImage:RemoteImage",
        props: { name: `redis:7.2@${digest}` },
      },
    ],
    broken: [
      {
        type: "docker:index/remoteImage:RemoteImage",
        props: { name: "redis:7.2" },
        says: "Image redis:7.2 comes from a registry and must be named by its digest",
      },
      {
        type: "docker:index/remoteImage:RemoteImage",
        props: { name: "registry.example/comfyui-worker" },
        says: "not without one",
      },
    ],
  },
};
