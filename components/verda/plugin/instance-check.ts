/** What the schema cannot know of an instance: whether Verda has such a type. */
import type { InstanceInputs } from "../schemas/instance.ts";
import type { Fault } from "../../provider-plugin/resource-type.ts";
import type { Connect } from "./connection.ts";

/** The catalogue hardly changes; a preview asks for it once. */
const catalogues = new WeakMap<ReturnType<Connect>, Promise<readonly string[]>>();

export async function checkInstance(
  connect: Connect,
  { instanceType }: InstanceInputs,
  old: InstanceInputs | undefined,
): Promise<readonly Fault[]> {
  if (old?.instanceType === instanceType) return [];
  const types = await typesOf(connect());
  if (types.length === 0 || types.includes(instanceType)) return [];
  const model = /^\d*[A-Z]+\d*/.exec(instanceType)?.[0] ?? instanceType;
  const alike = types.filter((type) => type.includes(model)).slice(0, 6);
  const offered = (alike.length > 0 ? alike : types.slice(0, 6)).join(", ");
  return [{ property: "instanceType", reason: `Verda has no such type; it has ${offered} …` }];
}

/** Nothing when the API can't be reached: a check is no place to insist on it. */
function typesOf(client: ReturnType<Connect>): Promise<readonly string[]> {
  const known = catalogues.get(client);
  if (known) return known;
  const asked = client
    .instanceTypes()
    .then((types) => types.map(({ instance_type }) => instance_type))
    .catch(() => []);
  catalogues.set(client, asked);
  return asked;
}
