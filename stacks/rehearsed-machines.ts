/**
 * Machines for the workers of a stack on this machine: rented from Verda's simulator, so that a
 * rehearsal pays for, loses and gives back machines as a workshop does, while processes do the work.
 * The settings refuse it with the real Verda.
 */
import { Instance, SshKey, Volume } from "../components/verda/index.ts";
import { workerPlans } from "./plans.ts";
import type { Settings } from "./settings.ts";

/** Machines need one to log in with; nobody has its other half. */
const NOBODYS_KEY =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA rehearsal";

/** @returns by worker; none where the settings have no `fleet` */
export function rehearsedMachines(stack: string, settings: Settings): Map<string, Instance> {
  const machines = new Map<string, Instance>();
  if (settings.fleet === undefined) return machines;
  const { instanceType, systemImage, locationCode, spot, scratchGb, sharedFilesystemGb } =
    settings.fleet;
  const prefix = `${settings.projectName}-${stack}`;
  const key = new SshKey("ssh-key", { name: `${prefix}-operator`, publicKey: NOBODYS_KEY });
  const models = new Volume("shared-filesystem", {
    name: `${prefix}-models`,
    type: "NVMe_Shared",
    size: sharedFilesystemGb,
    locationCode,
  });
  for (const { name } of workerPlans(settings)) {
    const scratch = new Volume(`${name}-scratch`, {
      name: `${prefix}-${name}-scratch`,
      type: "NVMe",
      size: scratchGb,
      locationCode,
    });
    const machine = new Instance(`${name}-instance`, {
      hostname: `${prefix}-${name}`,
      instanceType,
      image: systemImage,
      locationCodes: [locationCode],
      isSpot: spot,
      sshKeyIds: [key.id],
      existingVolumeIds: [scratch.id, models.id],
    });
    machines.set(name, machine);
  }
  return machines;
}
