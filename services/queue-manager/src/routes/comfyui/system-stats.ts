/** `system_stats`: the GPU workers, in the form of one ComfyUI. */
import { totalmem, freemem } from "node:os";
import { capturedVersions, comfyuiVersions } from "@comfymulti/workflows";
import type { Route } from "../../gateway.ts";

const BYTES_PER_MIB = 1024 * 1024;

export const systemStatsRoute: Route = (app, { queue }) => {
  app.get("/system_stats", async () => {
    const workers = (await queue.workers()).filter(({ status }) => status !== "lost");
    // Before the first worker is up, the version that this project was made for.
    const version = workers[0]?.comfyuiVersion ?? capturedVersions().at(-1) ?? "";
    const pins = comfyuiVersions[version];
    return {
      system: {
        os: process.platform,
        ram_total: totalmem(),
        ram_free: freemem(),
        comfyui_version: version,
        required_frontend_version: pins?.frontendPackage ?? "",
        installed_templates_version: pins?.templatesPackage ?? "",
        required_templates_version: pins?.templatesPackage ?? "",
        python_version: "",
        pytorch_version: "",
        embedded_python: false,
        argv: [],
      },
      devices: workers.map((worker, index) => ({
        name: `${worker.name}: ${worker.gpu}${worker.simulated ? " (SIMULATED)" : ""}`,
        type: "cuda",
        index,
        vram_total: worker.vramTotalMiB * BYTES_PER_MIB,
        vram_free: worker.vramFreeMiB * BYTES_PER_MIB,
        torch_vram_total: worker.vramTotalMiB * BYTES_PER_MIB,
        torch_vram_free: worker.vramFreeMiB * BYTES_PER_MIB,
      })),
    };
  });
};
