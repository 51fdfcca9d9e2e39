import type { ResourceValidationPolicy } from "@pulumi/policy";
import { declaredContainer, declaredDeployment } from "../subjects/container.ts";
import { readImage } from "../subjects/image-reference.ts";
import type { Resource } from "../subjects/service.ts";

/** A name that means another image tomorrow makes every preview a lie. */
export const imagePinned: ResourceValidationPolicy = {
  name: "image-pinned",
  description:
    "Checks that images have a tag other than latest, and a digest where they come from a registry.",
  validateResource: (resource, report) => {
    for (const { image, pulled } of imagesOf(resource)) {
      const { tag, digest, hasRegistry } = readImage(image);
      if (digest !== undefined) continue;
      if (pulled || hasRegistry) {
        report(
          `Image ${image} comes from a registry and must be named by its digest (name:tag@sha256:…), not ${tag ? `by tag ${tag} alone` : "without one"}: take the digest that docker push printed.`,
        );
      } else if (tag === undefined || tag === "latest") {
        report(
          `Image ${image} must have a tag other than latest, not ${tag ?? "none"}: name the version that you built.`,
        );
      }
    }
  },
};

/** `pulled`: it can only come from a registry. */
function imagesOf(resource: Resource): { image: string; pulled: boolean }[] {
  if (resource.type === "docker:index/remoteImage:RemoteImage") {
    return [{ image: String(resource.props["name"]), pulled: true }];
  }
  const container = declaredContainer(resource);
  if (container) return [{ image: container.image, pulled: false }];
  const containers = declaredDeployment(resource)?.containers ?? [];
  return containers.map(({ image }) => ({ image, pulled: true }));
}
