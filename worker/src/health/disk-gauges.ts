/** How full the disk is that takes results and what ComfyUI makes on the way, as gauges. */
import { statfs } from "node:fs/promises";
import { Gauge, type Registry } from "prom-client";

/** @param folder on that disk; without figures while it is not there */
export function registerDiskGauges(registry: Registry, folder: string): void {
  const figure = (name: string, help: string, blocks: "bavail" | "blocks") =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const disk = await statfs(folder).catch(() => undefined);
        if (disk) this.set(disk[blocks] * disk.bsize);
        else this.remove();
      },
    });
  figure("comfymulti_worker_disk_free_bytes", "Room on the disk of results", "bavail");
  figure("comfymulti_worker_disk_size_bytes", "Size of the disk of results", "blocks");
}
