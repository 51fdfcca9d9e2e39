import { expect, it } from "vitest";
import { withoutWorkOnMachines } from "./rented-machines.ts";

const fleet = "urn:pulumi:workshop::comfymulti::comfymulti:gpu:GpuFleet$comfymulti:gpu:GpuWorker";

it("forgets images and commands of rented machines, and of no other", () => {
  const image = `${fleet}$docker:index/remoteImage:RemoteImage::worker-1-image`;
  const container = {
    ...{ urn: `${fleet}$docker:index/container:Container::worker-1` },
    type: "docker:index/container:Container",
    dependencies: [image],
  };
  const own = {
    urn: "urn:pulumi:workshop::comfymulti::docker:index/remoteImage:RemoteImage::redis-image",
    type: "docker:index/remoteImage:RemoteImage",
  };
  const forgotten = [
    { urn: image, type: "docker:index/remoteImage:RemoteImage" },
    { urn: `${fleet}$command:remote:Command::worker-1-ready`, type: "command:remote:Command" },
  ];
  expect(withoutWorkOnMachines({ resources: [...forgotten, container, own] })).toEqual({
    resources: [{ ...container, dependencies: [] }, own],
  });
});
