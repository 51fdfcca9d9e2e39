import { expect, it } from "vitest";
import { resourcesIn } from "./engine-stack.ts";
import { assertKnown, keptUrns, withProtection } from "./protection.ts";

const urn = (name: string) => `urn:pulumi:test::project::type::${name}`;
const thing = (
  name: string,
  type: string,
  { protect = false, outputs = {}, ...rest }: Record<string, unknown> & { protect?: boolean } = {},
) => ({ urn: urn(name), custom: true, id: `id-of-${name}`, type, protect, outputs, ...rest });

const deployment = {
  manifest: { magic: "kept as it is" },
  resources: [
    { urn: urn("vault"), type: "comfymulti:storage:ModelVault", dependencies: [urn("record")] },
    thing("record", "comfymulti:index:Declaration"),
    thing("files", "cloudflare:index/r2Bucket:R2Bucket", {
      protect: true,
      parent: urn("vault"),
      outputs: { name: "files-bucket" },
    }),
    thing("rules", "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle", {
      outputs: { bucketName: "files-bucket" },
    }),
    thing("models", "verda:index:Volume", {
      protect: true,
      outputs: { fullName: "workshop-models-cm-01234567-89abcdef" },
    }),
    thing("scratch", "verda:index:Volume", { protect: true }),
    thing("worker", "verda:index:Instance"),
  ],
};
const resources = resourcesIn(deployment);

it("keeps protected buckets with their rules and what they need, and no disk", () => {
  const kept = ["files", "record", "rules"].map(urn);
  expect(keptUrns(resources, []).toSorted()).toEqual(kept.toSorted());
});

it.each(["models", "id-of-models", "workshop-models", "workshop-models-cm-01234567-89abcdef"])(
  "keeps a disk that the host names %s",
  (name) => {
    const kept = keptUrns(resources, [name]);
    expect(kept).toContain(urn("models"));
    expect(kept).not.toContain(urn("scratch"));
  },
);

it("refuses a name that nothing has, and says what there is", () => {
  expect(() => assertKnown(resources, ["models", "modles"])).toThrow(
    "Nothing of this stack is called modles, so it can't be kept. Its disks are: models, scratch.",
  );
  expect(() => assertKnown(resources, ["models"])).not.toThrow();
});

it("protects exactly what is kept, and leaves the rest of the state as it is", () => {
  const settled = withProtection(deployment, new Set([urn("files"), urn("rules")]));
  expect(settled).toMatchObject({ manifest: deployment.manifest });
  expect(
    resourcesIn(settled)
      .filter(({ isProtected }) => isProtected)
      .map(({ name }) => name),
  ).toEqual(["files", "rules"]);
});
