/** Tailscale: machines that are still members of the private network. */
import ky from "ky";
import { z } from "zod";
import { tagOf } from "../../../components/network/index.ts";
import type { Account, Found } from "./survey.ts";

const PUBLIC_URL = "https://api.tailscale.com/api/v2";
const TIMEOUT_MS = 30_000;

/** https://tailscale.com/api#tag/devices/get/tailnet/{tailnet}/devices */
const devicesSchema = z.object({
  devices: z.array(
    z.object({
      nodeId: z.string().optional(),
      id: z.string(),
      hostname: z.string(),
      tags: z.array(z.string()).default([]),
      isEphemeral: z.boolean().default(false),
    }),
  ),
});
type Device = z.output<typeof devicesSchema>["devices"][number];
/** https://tailscale.com/kb/1215/oauth-clients */
const tokenSchema = z.object({ access_token: z.string().min(1) });

export interface TailscaleOptions {
  /** `TAILSCALE_API_KEY`, or the two of an OAuth client. */
  readonly apiKey: string | undefined;
  readonly oauthClientId: string | undefined;
  readonly oauthClientSecret: string | undefined;
  /** `TAILSCALE_TAILNET`. Default: the key's own. */
  readonly tailnet: string | undefined;
  /** Where the API is. Default Tailscale's own; another one for tests. */
  readonly baseUrl?: string;
  /** The tags of the stack's machines begin so: `comfyume-workshop`. */
  readonly prefix: string;
}

export function tailscaleAccount(options: TailscaleOptions): Account {
  const { apiKey, oauthClientId, oauthClientSecret, prefix } = options;
  const hasCredentials = apiKey ?? (oauthClientId && oauthClientSecret);
  return {
    name: "Tailscale",
    owns: (type) => type.startsWith("tailscale:"),
    unavailable: hasCredentials
      ? undefined
      : "no credentials: set TAILSCALE_API_KEY, or TAILSCALE_OAUTH_CLIENT_ID and TAILSCALE_OAUTH_CLIENT_SECRET",
    ask: async ({ kept }) => {
      const worker = tagOf(prefix, "worker");
      const appServer = tagOf(prefix, "app-server");
      const devices = await devicesOf(options);
      const tagged = (tag: string) => devices.filter(({ tags }) => tags.includes(tag)).map(foundOf);
      const workers = tagged(worker);
      const isKept = ({ id, name }: Found) => kept.has(id) || kept.has(name);
      return {
        how: `machines tagged ${worker} or ${appServer}`,
        // The app server's machine is rented by hand, and stays a member.
        kept: [...workers.filter(isKept), ...tagged(appServer)],
        left: workers.filter((machine) => !isKept(machine)),
      };
    },
  };
}

const foundOf = ({ id, nodeId, hostname, isEphemeral }: Device): Found => ({
  ...{ account: "Tailscale", kind: "machine", id: nodeId ?? id, name: hostname },
  isBillable: false,
  goesByItself: isEphemeral,
  note: isEphemeral
    ? "ephemeral: Tailscale removes it once it has been away for a while"
    : "remove it in Tailscale's admin console, Machines",
});

async function devicesOf(options: TailscaleOptions) {
  const http = ky.create({
    prefix: options.baseUrl ?? PUBLIC_URL,
    timeout: TIMEOUT_MS,
    redirect: "error",
  });
  const token = options.apiKey ?? (await accessToken(http, options));
  const tailnet = encodeURIComponent(options.tailnet ?? "-");
  const answer = await http
    .get(`tailnet/${tailnet}/devices`, { headers: { authorization: `Bearer ${token}` } })
    .json();
  return devicesSchema.parse(answer).devices;
}

async function accessToken(http: typeof ky, options: TailscaleOptions): Promise<string> {
  const body = new URLSearchParams({
    client_id: options.oauthClientId ?? "",
    client_secret: options.oauthClientSecret ?? "",
  });
  return tokenSchema.parse(await http.post("oauth/token", { body }).json()).access_token;
}
