/** From a stack's configuration to its settings, or to every fault in it at once. */
import { lightVersions } from "../components/app-server/index.ts";
import { cloudFaults, cloudSettingNames } from "./cloud-settings.ts";
import { NAMESPACE, parseConfiguration } from "./configuration.ts";
import { frontendPlans, frontendPortOf, participantNames } from "./plans.ts";
import { settingsSchema, type Settings } from "./settings-schema.ts";

export { SettingsError } from "./configuration.ts";
export { settingsSchema, type Settings };

/**
 * Settings of a stack from its configuration.
 *
 * @param stack The stack's name.
 * @param config Full keys (`comfymulti:users`) and their text.
 * @throws SettingsError with every fault and its property path.
 */
export function parseSettings(stack: string, config: Readonly<Record<string, string>>): Settings {
  return parseConfiguration(settingsSchema, stack, config, (settings) =>
    faultsOfKind(settings, config["verda:baseUrl"]),
  );
}

/** What only shows when the settings are taken together. */
function faultsOfKind(settings: Settings, verdaUrl: string | undefined): string[] {
  const faults = unknownNames(settings);
  if (settings.kind !== "local") {
    return [
      ...faults,
      ...cloudFaults(settings).map(({ key, message }) => `${NAMESPACE}:${key}: ${message}`),
    ];
  }
  const rehearsed = verdaUrl !== undefined && isOfThisMachine(verdaUrl) ? ["fleet"] : [];
  const idle = cloudSettingNames.filter(
    (name) => settings[name] !== undefined && !rehearsed.includes(name),
  );
  const engines = [
    settings.frontendEngine,
    ...Object.values(settings.frontends).map((e) => e.engine),
  ];
  return [
    ...faults,
    ...portClashes(settings),
    ...idle.map((name) => `${NAMESPACE}:${name}: means nothing to a stack on this machine`),
    ...(settings.workers === 0 ? [`${NAMESPACE}:workers: must be at least 1`] : []),
    ...(engines.some((engine) => engine !== undefined && engine !== "light")
      ? [`${NAMESPACE}:frontendEngine: a stack on this machine has the light editor only`]
      : []),
  ];
}

/** Where Verda's simulator is, and the real one is not. */
const isOfThisMachine = (url: string) =>
  ["127.0.0.1", "localhost", "[::1]"].includes(URL.parse(url)?.hostname ?? "");

/** Participants and workers that are named and not there. */
function unknownNames(settings: Settings): string[] {
  const { frontends, workerVersions, users, workers } = settings;
  const people = Object.keys(frontends).filter((row) =>
    row.split("-").some((user) => Number(user.slice("user".length)) > users),
  );
  const machines = Object.keys(workerVersions).filter(
    (name) => Number(name.slice("worker-".length)) > workers,
  );
  const strangers = ([key, named]: readonly [string, readonly string[]]) =>
    named
      .filter((user) => Number(user.slice("user".length)) > users)
      .map(
        (user) => `${NAMESPACE}:${key}: there is no ${user}, for there are ${users} participants`,
      );
  const lists = [
    ["removedUsers", settings.removedUsers],
    ["revokedUsers", settings.revokedUsers],
    ["linkGenerations", Object.keys(settings.linkGenerations)],
  ] as const;
  const isNobodyLeft = participantNames(settings).length === 0;
  return [
    ...lists.flatMap(strangers),
    ...(isNobodyLeft ? [`${NAMESPACE}:removedUsers: somebody has to be left`] : []),
    ...people.map((row) => `${NAMESPACE}:frontends.${row}: there are ${users} participants`),
    ...machines.map((name) => `${NAMESPACE}:workerVersions.${name}: there are ${workers} workers`),
  ];
}

/** Two services on one port would only be found when the second one starts. */
function portClashes(settings: Settings): string[] {
  const owners = new Map<number, string>();
  const faults: string[] = [];
  const claim = (owner: string, number: number) => {
    const other = owners.get(number);
    if (other) faults.push(`${NAMESPACE}:${owner}: port ${number} is also ${NAMESPACE}:${other}'s`);
    else owners.set(number, owner);
  };
  claim("gatewayPort", settings.gatewayPort);
  claim("redisPort", settings.redisPort);
  for (const version of lightVersions(frontendPlans(settings))) {
    claim("frontendPort", frontendPortOf(settings, version));
  }
  for (let index = 0; index < settings.workers; index++) {
    claim("comfyuiPort", settings.comfyuiPort + index);
    claim("workerHealthPort", settings.workerHealthPort + index);
  }
  return faults;
}
