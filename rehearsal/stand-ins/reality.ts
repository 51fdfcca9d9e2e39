/** Which types of a provider are made for real, by what a rehearsal's environment says. */
import { realLocalCommand } from "./commands/local-command.ts";
import { realBuiltImage } from "./containers/built-image.ts";
import { realContainer } from "./containers/container.ts";
import { Daemon } from "./containers/daemon.ts";
import { realNetwork } from "./containers/network.ts";
import { realRemoteImage } from "./containers/remote-image.ts";
import { realVolume } from "./containers/volume.ts";
import { fits } from "./pattern.ts";
import type { RealType } from "./real-type.ts";
import type { StandInName } from "./schemas/declared-types.ts";
import type { Real } from "./settings.ts";

/** The type's real form; undefined where it is recorded alone. */
export type Reality = (type: string) => RealType | undefined;

/** @param configured What the program said to the provider, as soon as it has. */
export function realityOf(
  provider: StandInName,
  real: Real,
  configured: () => Readonly<Record<string, unknown>>,
): Reality {
  if (provider === "command" && real.commands) {
    return (type) => (type === "command:local:Command" ? realLocalCommand : undefined);
  }
  if (provider !== "docker" || !real.docker) return () => undefined;
  const { socket, machine } = real.docker;
  const daemon = new Daemon(socket);
  const types: Readonly<Record<string, RealType>> = {
    "docker:index/container:Container": realContainer(daemon),
    "docker:index/image:Image": realBuiltImage(daemon),
    "docker:index/network:Network": realNetwork(daemon),
    "docker:index/remoteImage:RemoteImage": realRemoteImage(daemon),
    "docker:index/volume:Volume": realVolume(daemon),
  };
  return (type) => {
    // As the real one chooses: the provider's address, else the environment's.
    const address = configured()["host"] ?? process.env["DOCKER_HOST"];
    return typeof address === "string" && fits(machine, address) ? types[type] : undefined;
  };
}
