/** What a client asks before it queues: nodes, models, the machine, the logs. */
import os from "node:os";
import type { FastifyInstance } from "fastify";
import { comfyuiVersions } from "@comfymulti/workflows";
import type { SimulatedParts } from "../app.ts";
import { folderTypes } from "../folders.ts";
import { modelMiB } from "../execution/timing.ts";
import { serverFeatures } from "./sockets.ts";

/** Shown wherever a GPU's name is shown. */
export const DEVICE_NAME = "Simulated H100 80GB (no GPU)";

export function informationRoutes(app: FastifyInstance, parts: SimulatedParts): void {
  const { gpu, models, version } = parts;

  app.get("/object_info", () => parts.objectInfoNow());
  app.get<{ Params: { node: string } }>("/object_info/:node", async ({ params: { node } }) => {
    const definition = (await parts.objectInfoNow())[node];
    return definition ? { [node]: definition } : {};
  });

  app.get("/system_stats", () => {
    const pins = comfyuiVersions[version];
    return {
      system: {
        os: process.platform,
        ram_total: os.totalmem(),
        ram_free: os.freemem(),
        comfyui_version: version,
        required_frontend_version: pins?.frontendPackage,
        installed_templates_version: pins?.templatesPackage,
        required_templates_version: pins?.templatesPackage,
        python_version: "3.11.7 (simulated)",
        pytorch_version: "2.9.1+simulated",
        embedded_python: false,
        argv: ["main.py"],
        simulated: true,
      },
      devices: [
        {
          name: DEVICE_NAME,
          type: "cuda",
          index: 0,
          vram_total: gpu.totalBytes,
          vram_free: gpu.freeBytes,
          torch_vram_total: gpu.totalBytes - gpu.freeBytes,
          torch_vram_free: 0,
        },
      ],
    };
  });

  app.get("/features", () => serverFeatures);
  app.get("/embeddings", () => models.get("embeddings") ?? []);
  app.get("/extensions", () => []);
  app.get("/models", () => [...models.keys()]);
  app.get<{ Params: { folder: string } }>(
    "/models/:folder",
    ({ params: { folder } }, reply) => models.get(folder) ?? reply.code(404).send(),
  );
  app.get("/experiment/models", () =>
    [...models.keys()].map((name) => ({ name, folders: [`/simulated/models/${name}`] })),
  );
  app.get<{ Params: { folder: string } }>(
    "/experiment/models/:folder",
    ({ params: { folder } }, reply) =>
      models.get(folder)?.map((name) => {
        const size = modelMiB(name) * 1024 * 1024;
        return { name, pathIndex: 0, modified: 0, created: 0, size };
      }) ?? reply.code(404).send(),
  );

  // A worker's ComfyUI has no participants; its own page is all that would ask for these.
  app.get("/users", () => ({ storage: "server", migrated: false }));
  app.get("/settings", () => ({}));
  app.get("/i18n", () => ({}));
  app.get("/workflow_templates", () => ({}));
  app.get("/global_subgraphs", () => ({}));
  app.get("/global_subgraphs/:id", (_request, reply) =>
    reply.type("application/json; charset=utf-8").send("null"),
  );
}

/** `/internal/*`, which has no `/api` form. */
export function internalRoutes(app: FastifyInstance, parts: SimulatedParts): void {
  app.get("/internal/logs", (_request, reply) =>
    reply
      .type("application/json; charset=utf-8")
      .send(JSON.stringify(parts.logs.entries.map(({ t, m }) => `${t} - ${m}`).join(""))),
  );
  app.get("/internal/logs/raw", () => ({
    entries: parts.logs.entries,
    size: { cols: 80, rows: 24 },
  }));
  app.patch("/internal/logs/subscribe", (_request, reply) => reply.send());
  app.get("/internal/folder_paths", () =>
    Object.fromEntries(
      [...parts.models.keys()].map((name) => [name, [`/simulated/models/${name}`]]),
    ),
  );
  app.get<{ Params: { type: string } }>(
    "/internal/files/:type",
    async ({ params: { type } }, reply) => {
      const folder = folderTypes.find((known) => known === type);
      if (!folder) return reply.code(400).send({ error: "Invalid directory type" });
      return parts.folders.files(folder);
    },
  );
}
