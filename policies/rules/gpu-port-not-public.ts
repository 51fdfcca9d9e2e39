import type { ResourceValidationPolicy } from "@pulumi/policy";
import { isPrivate } from "../subjects/addresses.ts";
import { declaredContainer } from "../subjects/container.ts";
import { declaredService, type Resource } from "../subjects/service.ts";

/** ComfyUI's own port: no password, and custom nodes that run any code. */
const COMFYUI_PORT = 8188;
const GPU_SERVICE = /^(worker|comfyui)(-|$)/;

export const gpuPortNotPublic: ResourceValidationPolicy = {
  name: "gpu-port-not-public",
  description:
    "Checks that ComfyUI on the GPU and its worker are reached from loopback or the tailnet alone.",
  validateResource: (resource, report) => {
    for (const { host, port } of gpuPorts(resource)) {
      if (isPrivate(host)) continue;
      report(
        `Port ${port} of ${resource.name} must be on loopback or the tailnet (127.x, 100.64.x to 100.127.x), not on ${host}: set its listen address to 127.0.0.1.`,
      );
    }
  },
};

function gpuPorts(resource: Resource): readonly { host: string; port: number }[] {
  const service = declaredService(resource);
  if (!service) return [];
  if (GPU_SERVICE.test(service.name)) return service.listens;
  const ports = declaredContainer(resource)?.ports ?? [];
  return ports
    .filter(({ internal }) => internal === COMFYUI_PORT)
    .map(({ ip, external }) => ({ host: ip, port: external }));
}
