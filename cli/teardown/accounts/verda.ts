/** Verda: machines, volumes with the trash, deployments, keys, scripts and secrets. */
import {
  findOrphans,
  VerdaClient,
  type Orphan,
  type VerdaSettings,
} from "../../../components/verda/index.ts";
import { ownerOf } from "../../../components/verda/plugin/deployment-wire.ts";
import { tagIn } from "../../../components/verda/tag.ts";
import type { Account, Found } from "./survey.ts";
import { emptyVerdaTrash } from "./verda-trash.ts";

/** Instances that only leave a record. */
const ENDED = ["discontinued", "notfound", "deleted"];
const GONE = ["deleted", "deleting", "canceled"];
/** Volumes in the trash are billed until they are erased, for so many hours. */
const TRASH_HOURS = 96;

/**
 * Things are a stack's by their tag (components/verda/tag.ts); and by their name, which begins with
 * the project's and the stack's, for what somebody made by hand.
 *
 * @param prefix `comfyume-workshop`
 */
export function verdaAccount(settings: VerdaSettings, prefix: string): Account {
  const hasCredentials = settings.clientId !== undefined && settings.clientSecret !== undefined;
  return {
    name: "Verda",
    owns: (type) => type.startsWith("verda:"),
    unavailable: hasCredentials
      ? undefined
      : "no credentials: set VERDA_CLIENT_ID and VERDA_CLIENT_SECRET",
    emptyTrash: (known) => emptyVerdaTrash(new VerdaClient(settings), known),
    ask: async (known) => {
      const client = new VerdaClient(settings);
      const [tagged, named, prices] = await Promise.all([
        findOrphans(client, known, []),
        namedThings(client, prefix),
        volumePrices(client),
      ]);
      const seen = new Set(tagged.map(({ id }) => id));
      const all = [...tagged, ...named.filter(({ id }) => !seen.has(id))].map((thing) =>
        foundOf(thing, prices),
      );
      const isKept = ({ id, name }: Found) => known.kept.has(id) || known.kept.has(name);
      return {
        how: `instances, volumes, trash, container deployments, SSH keys, start-up scripts and secrets with the tag of ${known.project}/${known.stack}, or without any tag and with a name that begins with ${prefix}-`,
        kept: all.filter(isKept),
        left: all.filter((thing) => !isKept(thing)),
      };
    },
  };
}

/** Things of this name without a tag: made by hand, or by another program. */
async function namedThings(client: VerdaClient, prefix: string): Promise<Orphan[]> {
  const [instances, volumes, trash, deployments, keys, scripts] = await Promise.all([
    client.instances(),
    client.volumes(),
    client.volumesInTrash(),
    client.deployments(),
    client.sshKeys(),
    client.scripts(),
  ]);
  const billed = { isBillable: true, isInTrash: false };
  const free = { isBillable: false, isInTrash: false };
  const things: (Orphan & { readonly owner: string })[] = [
    ...instances
      .filter(({ status }) => !ENDED.includes(status))
      .map(({ id, hostname: name, description: owner = "" }) => ({
        kind: "instance" as const,
        ...{ id, name, owner, ...billed },
      })),
    ...volumes
      .filter(({ status }) => !GONE.includes(status))
      .map(({ id, name }) => ({ kind: "volume" as const, id, name, owner: name, ...billed })),
    ...trash.map(({ id, name }) => ({
      kind: "volume" as const,
      ...{ id, name, owner: name, isBillable: true, isInTrash: true },
    })),
    ...deployments.map((deployment) => ({
      kind: "deployment" as const,
      ...{ id: deployment.name, name: deployment.name, owner: ownerOf(deployment) ?? "" },
      ...billed,
    })),
    ...keys.map(({ id, name }) => ({ kind: "ssh-key" as const, id, name, owner: name, ...free })),
    ...scripts.map(({ id, name }) => ({
      kind: "startup-script" as const,
      ...{ id, name, owner: name, ...free },
    })),
  ];
  const isNamed = (name: string) => name === prefix || name.startsWith(`${prefix}-`);
  // One with a tag belongs to the stack that the tag says: "test-2" begins like "test".
  return things.filter(({ name, owner }) => isNamed(name) && tagIn(owner) === undefined);
}

/** What each volume costs a month, where Verda tells. */
async function volumePrices(client: VerdaClient): Promise<Map<string, Found["monthly"]>> {
  const volumes = await client.volumes();
  return new Map(
    volumes.map(({ id, size, type, monthly_price: amount, currency = "usd" }) => [
      id,
      typeof amount === "number" ? { amount, currency, basis: `${size} GB ${type}` } : undefined,
    ]),
  );
}

function foundOf(thing: Orphan, prices: ReadonlyMap<string, Found["monthly"]>): Found {
  const { kind, id, name, isBillable, isInTrash } = thing;
  const monthly = prices.get(id);
  const place = isInTrash
    ? `in the trash, billed until it is erased there or for ${TRASH_HOURS} hours`
    : "";
  const cure = "delete it in Verda's console";
  return {
    account: "Verda",
    kind,
    id,
    name,
    isBillable,
    goesByItself: false,
    note: place === "" ? cure : `${place}; ${cure}`,
    ...(monthly ? { monthly } : {}),
  };
}
