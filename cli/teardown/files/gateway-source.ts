/** Participants' files by way of the gateway, for a stack on another machine. */
import type { Readable } from "node:stream";
import type { Gateway } from "../gateway.ts";
import type { FileSource, ParticipantFile } from "./source.ts";

/** Seconds of today are below this, milliseconds above: frontends tell either. */
const MILLISECONDS_FROM = 1e11;

export class GatewaySource implements FileSource {
  readonly place: string;
  readonly #gateway: Gateway;

  constructor(gateway: Gateway) {
    this.place = gateway.origin;
    this.#gateway = gateway;
  }

  async list(user: string): Promise<ParticipantFile[]> {
    const [outputs, workflows] = await Promise.all([
      this.#gateway.outputs(user),
      this.#gateway.workflows(user),
    ]);
    return [
      ...outputs.map(({ subfolder, filename, bytes, modified }) => ({
        path: ["outputs", ...(subfolder === "" ? [] : [subfolder]), filename].join("/"),
        bytes,
        modified: new Date(modified),
      })),
      ...workflows.map(({ path, size, modified }) => ({
        path: `workflows/${path}`,
        bytes: size,
        modified: new Date(modified < MILLISECONDS_FROM ? modified * 1000 : modified),
      })),
    ];
  }

  open(user: string, { path }: ParticipantFile): Promise<Readable> {
    const [kind, ...rest] = path.split("/");
    if (kind === "workflows") return this.#gateway.workflow(user, rest.join("/"));
    const filename = rest.pop() ?? "";
    return this.#gateway.output(user, { subfolder: rest.join("/"), filename });
  }
}
