/** What a URN says: `urn:pulumi:<stack>::<project>::<parents>$<type>::<name>`. */

export interface ResourceName {
  readonly stack: string;
  readonly project: string;
  /** Type token, `docker:index/container:Container`. */
  readonly type: string;
  readonly name: string;
}

export function parseUrn(urn: string): ResourceName {
  const [prefix = "", project = "", types = "", ...name] = urn.split("::");
  return {
    stack: prefix.replace(/^urn:pulumi:/, ""),
    project,
    type: types.split("$").at(-1) ?? "",
    name: name.join("::"),
  };
}
