/** Whether the site's certificate is trusted, and for how long. */
import { connect } from "node:tls";
import { fault, fine, type Check, type Finding } from "../check.ts";

/** It is renewed a month before its end: less than this is left only when that failed. */
const LEAST_DAYS = 14;
const DAY_MS = 86_400_000;
const TIMEOUT_MS = 15_000;
const HTTPS_PORT = 443;

export interface Certificate {
  readonly host: string;
  readonly validTo: Date;
  /** Why browsers refuse it; undefined when they don't. */
  readonly distrust: string | undefined;
}

export const certificateCheck: Check = {
  name: "certificate",
  applies: ({ platform }) => new URL(platform.admin.url).protocol === "https:",
  async look({ name, platform }) {
    const { hostname, port } = new URL(platform.admin.url);
    const certificate = await certificateOf(hostname, Number(port) || HTTPS_PORT);
    return [certificateFinding(certificate, new Date(), name)];
  },
};

export function certificateFinding(
  { host, validTo, distrust }: Certificate,
  now: Date,
  stackName: string,
): Finding {
  const days = Math.floor((validTo.getTime() - now.getTime()) / DAY_MS);
  const cure = `npx comfymulti logs ${stackName} certificates tells why it is not renewed.`;
  if (distrust !== undefined) return fault(`Browsers refuse ${host}: ${distrust}.`, cure);
  if (days < LEAST_DAYS) return fault(`The certificate of ${host} ends in ${days} days.`, cure);
  return fine(`valid for ${days} days`);
}

/** @param ca Authorities to trust instead of the machine's own, for tests. */
export function certificateOf(host: string, port: number, ca?: string): Promise<Certificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...{ host, port, servername: host },
      // The finding says it in words; nothing is sent.
      rejectUnauthorized: false,
      ...(ca !== undefined && { ca }),
    });
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`${host} does not answer`)));
    socket.once("error", reject);
    socket.once("secureConnect", () => {
      const validTo = new Date(socket.getPeerCertificate().valid_to);
      const distrust = socket.authorized ? undefined : socket.authorizationError.message;
      socket.end();
      resolve({ host, validTo, distrust });
    });
  });
}
