/**
 * An import, and a look-up by id, come without properties. The SDK's own server (3.259.0) takes
 * them for granted and fails there ("Cannot read properties of undefined"), so absent ones are made
 * empty ones before it looks.
 */
import protocol from "@pulumi/pulumi/proto/provider_pb.js";

/** To be called once, before the SDK's `main`. */
export function acceptReadsWithoutProperties(): void {
  const prototype = protocol.ReadRequest.prototype as {
    getProperties(): { toJavaScript(): unknown } | undefined;
  };
  const original = prototype.getProperties;
  prototype.getProperties = function () {
    return original.call(this) ?? { toJavaScript: () => ({}) };
  };
}
