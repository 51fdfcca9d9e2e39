/** Everything that a teardown of a stack works with, from its settings, its output and the environment. */
import path from "node:path";
import { bucketNames } from "../../components/storage/index.ts";
import { sweep } from "../../components/hosts/index.ts";
import { verdaSettings } from "../../components/verda/index.ts";
import { platformSchema, type Platform } from "../../stacks/outputs.ts";
import { stackDirectories, workDirectory } from "../../stacks/places.ts";
import type { Settings } from "../../stacks/settings.ts";
import { findStack } from "../engine/stack.ts";
import { runOperation } from "../run-operation.ts";
import { readSettings } from "../stack-settings.ts";
import { cloudflareAccount } from "./accounts/cloudflare.ts";
import type { Account } from "./accounts/survey.ts";
import { tailscaleAccount } from "./accounts/tailscale.ts";
import { thisMachine } from "./accounts/this-machine.ts";
import { verdaAccount } from "./accounts/verda.ts";
import { BucketStore } from "../bucket-store.ts";
import { bucketSettings, bundlesCures } from "./bundles/bucket-settings.ts";
import type { BundleStore } from "./bundles/bundle-store.ts";
import { FolderStore } from "./bundles/folder-store.ts";
import { engineStack, type EngineStack } from "./engine-stack.ts";
import { FolderSource } from "./files/folder-source.ts";
import { GatewaySource } from "./files/gateway-source.ts";
import { Gateway } from "./gateway.ts";
import { FileJournal, type Journal } from "./journal.ts";
import { MirroredJournal } from "./mirrored-journal.ts";
import type { Running } from "./step.ts";

export interface Prepared {
  readonly settings: Settings;
  readonly stack: EngineStack;
  readonly running: Running | undefined;
  readonly journal: Journal;
  readonly store: () => BundleStore;
  readonly storePrefix: string;
  /** Journal, receipts and zips on their way. */
  readonly workDirectory: string;
  readonly accounts: readonly Account[];
  /** Names of what stays rented. */
  readonly keep: readonly string[];
  readonly notes: readonly string[];
}

export interface PrepareOptions {
  /** Folder for the bundles instead of a bucket. */
  readonly bundles: string | undefined;
  /** Names of what stays rented, beside those of the settings. */
  readonly keep: readonly string[];
  readonly signal: AbortSignal;
  readonly warn: (line: string) => void;
}

/** @throws VisibleError, SettingsError */
export async function prepareTeardown(
  stackName: string,
  { bundles, keep, signal, warn }: PrepareOptions,
): Promise<Prepared> {
  const settings = readSettings(stackName);
  const { data } = stackDirectories(stackName);
  const folder = path.join(data, "teardown");
  const { stack, platform, config } = await readStack(stackName, data);
  const { store, isBucket } = storeOf(stackName, settings, platform, { bundles, signal });
  const storePrefix = isBucket ? `bundles/${stackName}/` : "";
  const own = new FileJournal(path.join(folder, "journal.json"));
  return {
    ...{ settings, stack, store, storePrefix },
    running: platform && runningOf(platform, signal),
    journal: withCopy(own, { store, isBucket, key: `${storePrefix}journal.json`, warn }),
    workDirectory: folder,
    accounts: accountsOf(stackName, settings, { data, store, config }),
    keep: [...settings.keep, ...keep],
    notes: settings.appServer
      ? [
          `The app server's machine ${settings.appServer.ipv4} is rented by hand, and billed until you end it at its provider.`,
        ]
      : [],
  };
}

interface ReadStack {
  readonly stack: EngineStack;
  /** Undefined when it is not up. */
  readonly platform: Platform | undefined;
  /** A value of the stack's configuration, decrypted. */
  readonly config: (key: string) => string | undefined;
}

async function readStack(stackName: string, data: string): Promise<ReadStack> {
  let result: ReadStack | undefined;
  await runOperation(async () => {
    const found = await findStack(stackName);
    const project = (await found?.workspace.projectSettings())?.name ?? "comfymulti";
    const stack = engineStack({ project, stack: stackName }, found, async () => {
      await sweep(data);
    });
    const platform = platformSchema.safeParse(await stack.platform()).data;
    const values = (await found?.getAllConfig()) ?? {};
    result = { stack, platform, config: (key) => values[key]?.value };
  });
  if (!result) throw new Error("the engine did not answer");
  return result;
}

function runningOf({ users, admin, directories }: Platform, signal: AbortSignal): Running {
  const gateway = new Gateway(admin, signal);
  return {
    users: users.map(({ id }) => id),
    gateway,
    // A stack on this machine has them here; any other is asked for them.
    source: directories ? new FolderSource(directories.data) : new GatewaySource(gateway),
  };
}

function storeOf(
  stackName: string,
  settings: Settings,
  platform: Platform | undefined,
  { bundles, signal }: Pick<PrepareOptions, "bundles" | "signal">,
): { store: () => BundleStore; isBucket: boolean } {
  const folder = path.resolve(bundles ?? path.join(workDirectory, "bundles", stackName));
  const inFolder = { store: () => new FolderStore(folder), isBucket: false };
  if (bundles !== undefined) return inFolder;
  const bucket = () => bucketSettings(process.env, settings, platform?.vault);
  try {
    if (bucket() === undefined) return inFolder;
  } catch {
    // Told when it is needed: after the destruction its key may be gone with the stack.
  }
  let opened: BundleStore | undefined;
  const store = () => {
    opened ??= openBucket(bucket(), signal);
    return opened;
  };
  return { store, isBucket: true };
}

function openBucket(settings: ReturnType<typeof bucketSettings>, signal: AbortSignal): BundleStore {
  if (!settings) throw new Error("the bucket was known a moment ago");
  return new BucketStore({ ...settings, cures: bundlesCures }, signal);
}

function withCopy(
  own: Journal,
  {
    store,
    isBucket,
    key,
    warn,
  }: {
    readonly store: () => BundleStore;
    readonly isBucket: boolean;
    readonly key: string;
    readonly warn: (line: string) => void;
  },
): Journal {
  if (!isBucket) return own;
  try {
    return new MirroredJournal(own, store(), key, warn);
  } catch {
    return own;
  }
}

function accountsOf(
  stackName: string,
  settings: Settings,
  { data, store, config }: Pick<ReadStack, "config"> & Pick<Prepared, "store"> & { data: string },
): Account[] {
  const { projectName, vault, domain } = settings;
  const prefix = `${projectName}-${stackName}`;
  const names = bucketNames({ projectName, bucketNames: vault?.bucketNames ?? {} });
  // As the providers do: the stack's own configuration, else the environment.
  const given = (key: string, variable: string) => config(key) ?? process.env[variable];
  const verda = ["clientId", "clientSecret", "baseUrl"].map(
    (name) => [name, config(`verda:${name}`)] as const,
  );
  return [
    thisMachine(data),
    verdaAccount(verdaSettings(process.env, Object.fromEntries(verda)), prefix),
    cloudflareAccount({
      apiToken: given("cloudflare:apiToken", "CLOUDFLARE_API_TOKEN"),
      accountId: vault?.accountId,
      buckets: vault ? Object.values(names) : [],
      site: domain && { zoneId: domain.zoneId, hostname: domain.hostname },
      bytesOf: async (bucket) => bytesIn(store, bucket),
    }),
    tailscaleAccount({
      apiKey: given("tailscale:apiKey", "TAILSCALE_API_KEY"),
      oauthClientId: given("tailscale:oauthClientId", "TAILSCALE_OAUTH_CLIENT_ID"),
      oauthClientSecret: given("tailscale:oauthClientSecret", "TAILSCALE_OAUTH_CLIENT_SECRET"),
      tailnet: given("tailscale:tailnet", "TAILSCALE_TAILNET"),
      prefix,
    }),
  ];
}

/** With the key to the bundles' bucket, which opens its siblings too; its price is worth a try, no more. */
async function bytesIn(store: () => BundleStore, bucket: string): Promise<number | undefined> {
  try {
    const opened = store();
    return opened instanceof BucketStore ? await opened.bytesOf(bucket) : undefined;
  } catch {
    return undefined;
  }
}
