/** The site's certificate by ACME, got and renewed without a hand. services/certificates/README.md */
import * as pulumi from "@pulumi/pulumi";
import path from "node:path";
import { z } from "zod";
import type { Host, Service } from "../hosts/index.ts";
import { repository as checkout } from "../installation.ts";
import type { ContainerPlace } from "./container-place.ts";

/** How the site gets its certificate: `comfymulti:certificates`. */
export const certificatesSettingsSchema = z.strictObject({
  /** Where the authority writes to about the account. */
  email: z.email(),
  /**
   * The authority's directory. Default: Let's Encrypt. To try things:
   * https://acme-staging-v02.api.letsencrypt.org/directory, which browsers do not trust and whose
   * limits are generous.
   */
  server: z.url({ protocol: /^https$/ }).default("https://acme-v02.api.letsencrypt.org/directory"),
  /**
   * How it proves that the name is this server's. `http`: nginx shows a file on port 80, which must be
   * open to the internet. `dns`: a record by Cloudflare's API, with `cloudflareToken`; also for sites
   * that only a private network reaches. Default http.
   */
  challenge: z.enum(["http", "dns"]).default("http"),
  /**
   * Renewed when less than so many days are left, or less than half of its life. Default 30, a third
   * of Let's Encrypt's 90.
   */
  renewDays: z.int().min(1).max(60).default(30),
});
export type CertificatesSettings = z.output<typeof certificatesSettingsSchema>;

export interface CertificatesArgs {
  readonly host: Host;
  /** Version shown in status. */
  readonly version: string;
  /** Names in the certificate, the site's first. */
  readonly domains: readonly string[];
  readonly settings: CertificatesSettings;
  /** Where nginx answers plain HTTP for the challenge, `nginx:80`. It need not be up yet. */
  readonly httpAddress: string;
  /** For the challenge `dns`: a Cloudflare token with Zone Read and DNS Edit of that zone alone. */
  readonly cloudflareToken?: pulumi.Input<string>;
  readonly directories: {
    /** `certificate.pem` and `key.pem` for nginx; at first a placeholder signed by itself. */
    readonly tls: string;
    /** nginx' `acmeDirectory`. */
    readonly acme: string;
    /** The account's key, and what it got: worth a backup. */
    readonly state: string;
  };
  readonly container?: ContainerPlace;
}

/** Gets and renews the site's certificate. nginx comes after it: it needs the placeholder to start. */
export class Certificates extends pulumi.ComponentResource {
  readonly service: Service;

  constructor(name: string, args: CertificatesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("comfymulti:app-server:Certificates", name, {}, opts);
    const { settings, directories, container, cloudflareToken } = args;
    const dns = settings.challenge === "dns";
    if (dns && cloudflareToken === undefined) {
      throw new Error(
        'certificates: challenge "dns" needs a Cloudflare token: set comfymulti:cloudflareDnsToken.',
      );
    }
    const script = path.join(checkout, "services", "certificates", "certificates.sh");

    this.service = args.host.service(
      name,
      {
        version: args.version,
        command: ["bash", script, "serve"],
        environment: {
          DOMAINS: args.domains.join(" "),
          ACME_SERVER: settings.server,
          ACME_EMAIL: settings.email,
          CHALLENGE: settings.challenge,
          RENEW_DAYS: String(settings.renewDays),
          ACME_DIRECTORY: directories.acme,
          PROBE_ADDRESS: args.httpAddress,
          CERTIFICATE_DIRECTORY: directories.tls,
          STATE_DIRECTORY: directories.state,
        },
        secretEnvironment:
          dns && cloudflareToken !== undefined ? { CLOUDFLARE_DNS_API_TOKEN: cloudflareToken } : {},
        workingDirectory: path.dirname(script),
        directories: Object.values(directories),
        health: { kind: "command", argv: ["bash", script, "health"] },
        restart: { minSeconds: 5, maxSeconds: 300 },
        ...(container && {
          container: {
            ...container,
            healthCommand: ["/app/certificates.sh", "health"],
            memoryMb: 128,
            cpus: 0.5,
            // nginx is in there, and the way out to the authority.
            networks: [{ name: "edge" }],
            mounts: Object.values(directories).map((place) => ({
              type: "bind" as const,
              source: place,
              target: place,
            })),
          },
        }),
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
