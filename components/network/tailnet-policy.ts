/**
 * Who reaches whom in the tailnet, as its policy file says it. What is not granted is refused. The
 * tests in the document are Tailscale's own: it refuses a policy that breaks one of them.
 * https://tailscale.com/kb/1337/policy-syntax
 */
import type { TailnetSettings } from "./tailnet-settings.ts";

export type MachineRole = "app-server" | "worker";

export const tagOf = (projectName: string, role: MachineRole) => `tag:${projectName}-${role}`;

interface Grant {
  readonly src: readonly string[];
  readonly dst: readonly string[];
  readonly ip: readonly string[];
}
interface PolicyTest {
  readonly src: string;
  readonly accept?: readonly string[];
  readonly deny?: readonly string[];
}
export interface TailnetPolicy {
  readonly tagOwners: Readonly<Record<string, readonly string[]>>;
  readonly grants: readonly Grant[];
  readonly tests: readonly PolicyTest[];
}

type PolicySettings = Pick<
  TailnetSettings,
  "operators" | "deployerTag" | "queueManagerPort" | "redisPort" | "workerHealthPort"
>;

/** SSH, and ComfyUI's own port: what nobody but an operator has to reach on a worker. */
const SSH = 22;
const COMFYUI = 8188;

/** @param projects Those whose machines are in the tailnet. */
export function tailnetPolicy(
  settings: PolicySettings,
  projects: readonly string[],
): TailnetPolicy {
  const { operators, deployerTag } = settings;
  const owners = deployerTag === undefined ? operators : [...operators, deployerTag];
  const tags = projects.flatMap((project) => [
    tagOf(project, "app-server"),
    tagOf(project, "worker"),
  ]);
  return {
    tagOwners: {
      ...(deployerTag === undefined ? {} : { [deployerTag]: operators }),
      ...Object.fromEntries(tags.map((tag) => [tag, owners])),
    },
    grants: [
      { src: operators, dst: tags, ip: ["*"] },
      ...projects.flatMap((project) => grantsOf(project, settings)),
    ],
    tests: [
      ...operatorTests(operators, tags),
      ...projects.flatMap((project) => testsOf(project, projects, settings)),
    ],
  };
}

function grantsOf(project: string, settings: PolicySettings): Grant[] {
  const appServer = tagOf(project, "app-server");
  const worker = tagOf(project, "worker");
  return [
    {
      src: [worker],
      dst: [appServer],
      ip: [`tcp:${settings.queueManagerPort}`, `tcp:${settings.redisPort}`],
    },
    { src: [appServer], dst: [worker], ip: [`tcp:${settings.workerHealthPort}`] },
  ];
}

function testsOf(
  project: string,
  projects: readonly string[],
  { queueManagerPort, redisPort, workerHealthPort }: PolicySettings,
): PolicyTest[] {
  const appServer = tagOf(project, "app-server");
  const worker = tagOf(project, "worker");
  const others = projects.filter((other) => other !== project);
  const strangers = others.map((other) => tagOf(other, "app-server"));
  return [
    {
      src: worker,
      accept: [`${appServer}:${queueManagerPort}`, `${appServer}:${redisPort}`],
      deny: [
        `${appServer}:${SSH}`,
        `${worker}:${SSH}`,
        `${worker}:${COMFYUI}`,
        `${worker}:${workerHealthPort}`,
        ...strangers.map((stranger) => `${stranger}:${redisPort}`),
      ],
    },
    {
      src: appServer,
      accept: [`${worker}:${workerHealthPort}`],
      deny: [
        `${worker}:${SSH}`,
        `${worker}:${COMFYUI}`,
        ...strangers.map((stranger) => `${stranger}:${redisPort}`),
      ],
    },
  ];
}

/** A test's source is a person or a tag; a group that always exists can't be one. */
function operatorTests(operators: readonly string[], tags: readonly string[]): PolicyTest[] {
  return operators
    .filter((operator) => operator.includes("@"))
    .map((operator) => ({ src: operator, accept: tags.map((tag) => `${tag}:${SSH}`) }));
}
