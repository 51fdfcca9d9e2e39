/**
 * That nothing rented stays: the workshop's own declaration on stand-ins and the simulated Verda, taken
 * down by the real engine; with machines that do not answer, and with things that the engine does not know of.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { RehearsedProject } from "../../cli/rehearse/rehearsed-project.ts";
import { readStackFile } from "../../cli/stack-settings.ts";
import { cloudflareAccount } from "../../cli/teardown/accounts/cloudflare.ts";
import { leftIn, type Receipt } from "../../cli/teardown/receipt.ts";
import { tailscaleAccount } from "../../cli/teardown/accounts/tailscale.ts";
import { verdaAccount } from "../../cli/teardown/accounts/verda.ts";
import { FolderStore } from "../../cli/teardown/bundles/folder-store.ts";
import { engineStack, type EngineStack } from "../../cli/teardown/engine-stack.ts";
import { FileJournal } from "../../cli/teardown/journal.ts";
import { openJournal } from "../../cli/teardown/open-journal.ts";
import { Progress } from "../../cli/teardown/progress.ts";
import { receiptText } from "../../cli/teardown/receipt-text.ts";
import { Teardown } from "../../cli/teardown/teardown.ts";
import { deleteOrphan, VerdaClient, verdaSettings } from "../../components/verda/index.ts";
import { scopeTag } from "../../components/verda/tag.ts";
import { setFaults } from "../../rehearsal/stand-ins/index.ts";
import { startAccountsApi, type AccountsApi } from "./accounts-api.ts";

const STACK = "workshop";
const PREFIX = "comfyume-workshop";
const LOCATION = "FIN-01";
const TOKEN = "token-of-this-test";
const HOSTNAME = "comfy.example.net";
const MODELS = "fleet-shared-filesystem";
const folder = mkdtempSync(path.join(tmpdir(), "teardown-cloud-"));

let project: RehearsedProject;
let accounts: AccountsApi;
let stack: EngineStack;
let client: VerdaClient;
const verda = () =>
  verdaSettings(
    {},
    { clientId: "rehearsal", clientSecret: "of-this-rehearsal", baseUrl: project.verda.url },
  );

beforeAll(async () => {
  project = await RehearsedProject.start();
  accounts = await startAccountsApi({
    token: TOKEN,
    made: () => project.made(STACK),
    machines: {
      [PREFIX]: `tag:${PREFIX}-app-server`,
      [`${PREFIX}-worker-1`]: `tag:${PREFIX}-worker`,
    },
  });
  client = new VerdaClient(verda());
  const file = readStackFile(STACK);
  const config = { ...file.config, "comfymulti:users": 2, "comfymulti:workers": 1 };
  const found = await project.stack(STACK, { ...file, config });
  await found.up();
  const { name } = await found.workspace.projectSettings();
  stack = engineStack({ project: name, stack: STACK }, found, () => Promise.resolve());
});
afterAll(async () => {
  await accounts.stop();
  await project.remove();
  rmSync(folder, { recursive: true });
});

async function teardown(skipBundles = true): Promise<Receipt> {
  const journal = new FileJournal(path.join(folder, "journal.json"));
  const progress = new Progress(() => undefined);
  const state = await openJournal({ stack, journal, running: undefined }, () => undefined);
  // Asks the accounts also when everything was gone the last time.
  const { prove: _again, ...steps } = state.steps;
  try {
    return await new Teardown(
      {
        ...{ stack, journal, progress, skipBundles },
        running: undefined,
        store: () => new FolderStore(path.join(folder, "bundles")),
        storePrefix: "",
        workDirectory: folder,
        accounts: [
          verdaAccount(verda(), PREFIX),
          cloudflareAccount({
            apiToken: TOKEN,
            baseUrl: accounts.url,
            accountId: "0123456789abcdef0123456789abcdef",
            buckets: ["model-vault", "cache", "worker-container", "user-files"].map(
              (name) => `comfyume-${name}-backups`,
            ),
            site: { zoneId: "0123456789abcdef0123456789abcdef", hostname: HOSTNAME },
            bytesOf: () => Promise.resolve(98_000_000_000),
          }),
          tailscaleAccount({
            apiKey: TOKEN,
            baseUrl: accounts.url,
            ...{ oauthClientId: undefined, oauthClientSecret: undefined, tailnet: undefined },
            prefix: PREFIX,
          }),
        ],
        keep: [MODELS],
        keepWaitingSeconds: 1,
        deadAfterSeconds: undefined,
        notes: [],
        signal: new AbortController().signal,
      },
      { ...state, steps },
    ).run();
  } finally {
    progress.end();
  }
}

const namesOf = (things: readonly { readonly name: string }[]) => things.map(({ name }) => name);
const volumes = async () =>
  namesOf([...(await client.volumes()), ...(await client.volumesInTrash())]);

it("refuses a stack whose files can't be collected, and touches nothing", async () => {
  await expect(teardown(false)).rejects.toThrow(
    /Stack workshop is only half there.*--skip-bundles/s,
  );
  expect(project.verda.inventory().instances).toHaveLength(1);
});

it("gives everything rented back although no machine answers, and says what is left", async () => {
  const forgotten = await Promise.all(
    [
      `scratch-${scopeTag({ project: stack.project, stack: STACK })}0badc0de`,
      `${PREFIX}-by-hand`,
    ].map((name) => client.createVolume({ name, type: "NVMe", size: 30, location_code: LOCATION })),
  );
  const others = { name: "comfyume-workshops-models", type: "NVMe", size: 20 };
  await client.createVolume({ ...others, location_code: LOCATION });
  // No machine answers by ssh.
  await setFaults(
    project.folder,
    ["docker:*", "command:remote:*"].map((type) => ({
      ...{ type, name: "*", operation: "delete" as const, kind: "error" as const, times: 1000 },
    })),
  );

  const receipt = await teardown();
  await setFaults(project.folder, []);
  expect(receipt.verdict).toBe("left");
  expect(namesOf(receipt.stuck)).toContainEqual(expect.stringContaining("redis"));
  expect(
    new Set(
      leftIn(receipt.accounts)
        .filter((t) => t.isBillable)
        .map(({ id }) => id),
    ),
  ).toEqual(new Set(forgotten));
  expect(project.verda.inventory().instances).toEqual([]);
  expect((await volumes()).filter((name) => name.includes("worker-1"))).toEqual([]);
  const page = receiptText(receipt);
  expect(page).toMatch(/\*\*\d+ things of workshop are left, 2 of them billed\.\*\*/);
  expect(page).toContain(`${PREFIX}-by-hand`);
});

it("is clean once that is gone: what was declared kept is there, and named with its price", async () => {
  for (const { id, name } of leftIn((await teardown()).accounts).filter((t) => t.isBillable)) {
    await deleteOrphan(client, { kind: "volume", id, name, isBillable: true, isInTrash: false });
  }
  const receipt = await teardown();
  expect(receipt.accounts.map(({ state }) => state)).toEqual(["asked", "asked", "asked"]);
  expect(receipt.stuck).toEqual([]);
  expect(receipt.verdict, receiptText(receipt)).toBe("clean");
  expect(await volumes()).toEqual([
    expect.stringMatching(/^comfyume-workshop-models-cm-/),
    "comfyume-workshops-models",
  ]);
  const buckets = receipt.kept.filter(({ type }) => type.endsWith(":R2Bucket"));
  expect(buckets).toHaveLength(4);
  expect(receipt.kept.filter(({ type }) => type.endsWith("Lifecycle"))).toHaveLength(4);
  expect(receiptText(receipt)).toMatch(
    /verda Volume `comfyume-workshop-models-cm-.*`.*: \d+\.\d\d USD a month \(200 GB NVMe_Shared\)/,
  );
  const containers = project.made(STACK).filter(({ type }) => type.startsWith("docker:"));
  // Containers of a machine that is gone are gone with it.
  expect(namesOf(containers).filter((name) => !name.startsWith("worker-1"))).toEqual([]);
});

it("does not call it proven when an account does not answer", async () => {
  const fault = {
    method: "GET",
    path: "/volumes/trash",
    kind: "unauthorized",
    times: 100,
  } as const;
  project.verda.inject(fault);
  const receipt = await teardown();
  project.verda.clearFaults();
  expect(receipt.verdict).toBe("unproven");
  expect(receiptText(receipt)).toContain("**the stack had something there**");
});
