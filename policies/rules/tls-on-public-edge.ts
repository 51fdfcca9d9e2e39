import type { ResourceValidationPolicy } from "@pulumi/policy";
import { declaredPlatform } from "../subjects/platform.ts";

/** Personal links are tokens; on plain HTTP everybody on the way reads them. */
export const tlsOnPublicEdge: ResourceValidationPolicy = {
  name: "tls-on-public-edge",
  description: "Checks that what is reached from outside is reached over TLS.",
  validateResource: ({ type, props }, report) => {
    const edge = declaredPlatform(type, props)?.edge;
    if (!edge?.public || edge.tls) return;
    report(
      "A public edge must speak TLS, not plain HTTP: give it a certificate, or keep it on loopback.",
    );
  },
};
