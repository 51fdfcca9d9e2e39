/**
 * Everything that decides what the configuration says. Each text is held to the characters that its
 * kind needs, so that no setting can end a line or a directive and begin another.
 */
import { z } from "zod";

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9-]{1,63})*$/i;

/** First path segments that belong to the platform; no participant can be called so. */
const RESERVED = new Set(["admin", "api", "health", "internal", "metrics"]);

const hostNameSchema = z
  .string()
  .regex(HOST_NAME, "must be a host name such as comfy.example.net, without scheme and port");

const absolutePathSchema = z
  .string()
  .regex(
    /^\/[A-Za-z0-9._/-]*$/,
    "must be an absolute path of letters, digits and the characters . _ / -",
  );

const networkSchema = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
  error: "must be an address or a network such as 192.0.2.0/24 or 2001:db8::/32",
});

const portSchema = z.int().min(1).max(65_535);

/** An address of this machine to listen on. */
const listenSchema = z.object({
  /** IPv4 or IPv6 address, without brackets. Default 127.0.0.1. */
  address: z.union([z.ipv4(), z.ipv6()]).default("127.0.0.1"),
  port: portSchema,
});

/** Where another service answers HTTP. */
const addressSchema = z
  .string()
  .regex(
    /^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:]{2,39}\]):\d{1,5}$/,
    "must be HOST:PORT, such as 127.0.0.1:8188",
  );

const editorVersionSchema = z
  .string()
  .regex(/^\d+\.\d+\.\d+$/, "must be a version of comfyui-frontend-package, such as 1.37.11");

const userSchema = z.object({
  /** The participant's first path segment, `user001`. */
  id: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,31}$/, "must look like user001")
    .refine((id) => !RESERVED.has(id), "is a path of the platform itself; choose another"),
  /** Version of comfyui-frontend-package that this participant's editor is. */
  editorVersion: editorVersionSchema,
});

const lightUserSchema = userSchema.extend({
  /** The light frontend: the queue manager asks it itself. */
  kind: z.literal("light"),
});

const comfyuiUserSchema = userSchema.extend({
  /** A full ComfyUI: the queue manager asks it through the frontend door, which takes the prefix off. */
  kind: z.literal("comfyui"),
  /** Where this participant's ComfyUI listens. A name needs `frontendDoor.resolver`. */
  address: addressSchema,
  /**
   * Whether that ComfyUI runs with `--multi-user` for several participants: the door then answers
   * `GET users` for it, as a ComfyUI with one user does. Default false.
   */
  multiUser: z.boolean().default(false),
});

const distinct = (ids: readonly string[]) => new Set(ids).size === ids.length;

const isName = (address: string) => !/^(?:\d+\.\d+\.\d+\.\d+|\[.*\]):/.test(address);

export const nginxSettingsSchema = z
  .object({
    /** Name of the site, as in participants' links and in the certificate. */
    serverName: hostNameSchema,
    /** Addresses to listen on for browsers. Default: every IPv4 and every IPv6 address. */
    listenAddresses: z
      .array(z.union([z.ipv4(), z.ipv6()]))
      .min(1)
      .default(["0.0.0.0", "::"]),
    /** Answers with a redirect to HTTPS, and ACME challenges. Default 80. */
    httpPort: portSchema.default(80),
    /** Default 443. */
    httpsPort: portSchema.default(443),
    tls: z.object({
      /** PEM: the certificate, then its issuers. */
      certificate: absolutePathSchema,
      /** PEM. Only nginx may read it. */
      certificateKey: absolutePathSchema,
      /**
       * Mozilla's names: `modern` is TLS 1.3 alone, `intermediate` also TLS 1.2 with forward secrecy.
       * Default modern: every browser that runs the editor speaks it.
       */
      profile: z.enum(["modern", "intermediate"]).default("modern"),
      /** How long a browser insists on HTTPS, seconds; 0 sends no HSTS. Default one year. */
      hstsSeconds: z
        .int()
        .min(0)
        .default(365 * 24 * 3600),
    }),
    /** The ACME client puts its challenges into `.well-known/acme-challenge/` in here. */
    acmeDirectory: absolutePathSchema.default("/var/lib/comfymulti/acme"),
    /** The queue managers, equal among themselves. Names are resolved once, when nginx starts. */
    queueManagers: z.array(addressSchema).min(1).max(16),
    users: z
      .array(z.discriminatedUnion("kind", [lightUserSchema, comfyuiUserSchema]))
      .min(1)
      .max(1000)
      .refine((users) => distinct(users.map(({ id }) => id)), "must not name a user twice"),
    /**
     * Hashed files of editors, one folder a version (see `placeEditorFiles`). What is not there comes
     * from the participant's frontend.
     */
    editorDirectory: absolutePathSchema.default("/var/lib/comfymulti/editor"),
    /** The way from the queue manager to full ComfyUIs. Needed as soon as a user has one. */
    frontendDoor: z
      .object({
        /** Where the queue manager reaches it; the `frontendUrl` of those users names it. */
        listen: listenSchema,
        /** File made by `renderGatewayToken`: what the queue manager proves itself with. */
        gatewayTokenFile: absolutePathSchema,
        /** DNS server for names of ComfyUIs, asked again every 10 s (Docker's is 127.0.0.11). */
        resolver: z.ipv4().optional(),
      })
      .optional(),
    /** Plain HTTP for workers in the private network: the queue manager's `/internal/` and `/health`. */
    workerDoor: z.object({ listen: listenSchema }).optional(),
    /**
     * Networks that reach `/internal/` from outside over HTTPS: replicas at a provider that are not in
     * the private network. A worker's token is needed all the same. Default none.
     */
    workerNetworks: z.array(networkSchema).default([]),
    /** Networks that reach `/admin/`, `/api/v1/` and `/metrics`. Default: all; the admin's token decides. */
    adminNetworks: z.array(networkSchema).default([]),
    /** What stands in front of this nginx, if anything does, and tells browsers' addresses. */
    trustedProxies: z
      .object({
        networks: z.array(networkSchema).min(1),
        /** Header with the browser's address. Cloudflare's is CF-Connecting-IP. Default X-Forwarded-For. */
        header: z
          .string()
          .regex(/^[A-Za-z-]{1,64}$/)
          .default("X-Forwarded-For"),
      })
      .optional(),
    /**
     * Silence after which a request or a WebSocket is given up, seconds. Default 900: a video may take
     * a quarter of an hour.
     */
    timeoutSeconds: z.int().min(1).max(86_400).default(900),
    /** Largest bodies, MiB; a little more than what the queue manager itself takes. */
    bodyLimits: z
      .object({
        /** `POST prompt`. Default 33. */
        promptMib: z.int().min(1).default(33),
        /** Uploads, and what goes to a frontend: workflows, settings. Default 101. */
        uploadMib: z.int().min(1).default(101),
        /** What workers deliver: videos. Default 4100. */
        workerMib: z.int().min(1).default(4100),
        /** Everything else. Default 1. */
        otherMib: z.int().min(1).default(1),
      })
      .prefault({}),
    /**
     * What one participant may ask from one address; of paths outside any participant, one address.
     * An editor's start is 62 requests, with custom nodes up to 150; the hashed files don't count.
     */
    rateLimit: z
      .object({
        /** Lasting requests a second. Default 30. */
        requestsPerSecond: z.int().min(1).default(30),
        /** Requests that may come at once beyond that. Default 400: a reload in two tabs. */
        burst: z.int().min(0).default(400),
        /** Requests and WebSockets under way at once. Default 200. */
        atOnce: z.int().min(1).default(200),
      })
      .prefault({}),
    /**
     * Other origins that the editor's pages may fetch from and connect to, `https://api.example.net`:
     * for custom nodes that need them. Default none.
     */
    externalOrigins: z
      .array(z.string().regex(/^(?:https|wss):\/\/[A-Za-z0-9.*-]+(?::\d{1,5})?$/))
      .default([]),
    /** Whether pages may run scripts in attributes: for custom nodes that need it. Default false. */
    inlineScripts: z.boolean().default(false),
    /** While this file exists, participants see the maintenance page. Workers and the admin go on. */
    maintenanceFlag: absolutePathSchema.default("/var/lib/comfymulti/maintenance"),
    /** Port on 127.0.0.1 that answers `/status` with nginx's own figures (stub_status). Default 8081. */
    statusPort: portSchema.default(8081),
    /** Account of the worker processes; without it nginx was started as the right one. */
    systemUser: z
      .string()
      .regex(/^[a-z_][a-z0-9_-]{0,31}$/)
      .optional(),
    /** For the pid file and bodies under way; must exist and be writable. Default /var/lib/comfymulti/nginx. */
    runDirectory: absolutePathSchema.default("/var/lib/comfymulti/nginx"),
    /** One JSON object a request, without query strings. Default /dev/stdout. */
    accessLog: absolutePathSchema.default("/dev/stdout"),
    /** Faults of nginx itself, none of requests. Default /dev/stderr. */
    errorLog: absolutePathSchema.default("/dev/stderr"),
  })
  .superRefine((settings, context) => {
    const door = settings.frontendDoor;
    for (const user of settings.users) {
      if (user.kind !== "comfyui") continue;
      if (!door) {
        const message = `${user.id} has a full ComfyUI: set frontendDoor, through which the queue manager reaches it.`;
        return context.addIssue({ code: "custom", path: ["frontendDoor"], message });
      }
      if (door.resolver === undefined && isName(user.address)) {
        const message = `${user.address} of ${user.id} is a name: set frontendDoor.resolver, or give an IP address.`;
        return context.addIssue({ code: "custom", path: ["frontendDoor", "resolver"], message });
      }
    }
  });

/** The settings as they are written; what has a default may be left out. */
export type NginxSettingsInput = z.input<typeof nginxSettingsSchema>;
/** The settings, parsed. */
export type NginxSettings = z.infer<typeof nginxSettingsSchema>;
