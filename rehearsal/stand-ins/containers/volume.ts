/** `docker.Volume`, made by a daemon. */
import { z } from "zod";
import { realType } from "../real-type.ts";
import { orAlready, orGone, type Daemon } from "./daemon.ts";

const inputsSchema = z.strictObject({
  name: z.string(),
  driver: z.string().default("local"),
  driverOpts: z.record(z.string(), z.string()).default({}),
  labels: z.array(z.strictObject({ label: z.string(), value: z.string() })).default([]),
});

export function realVolume({ docker }: Daemon) {
  return realType(inputsSchema, {
    async create({ name, driver, driverOpts, labels }) {
      await docker.createVolume({
        Name: name,
        Driver: driver,
        DriverOpts: driverOpts,
        Labels: Object.fromEntries(labels.map(({ label, value }) => [label, value])),
      });
      const { Mountpoint } = await docker.getVolume(name).inspect();
      return { id: name, outputs: { mountpoint: Mountpoint } };
    },
    async read(id) {
      return (await orGone(docker.getVolume(id).inspect())) && {};
    },
    delete: (id) => orAlready(docker.getVolume(id).remove()),
  });
}
