/** Outputs go to a real gateway over a line that breaks: only what is missing is sent again. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Claim, OutputFile } from "@comfymulti/queue";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { TOKENS, startGateway } from "../../services/queue-manager/test/gateway.ts";
import type { TestGateway } from "../../services/queue-manager/test/gateway.ts";
import { graph } from "../../services/queue-manager/test/scripted-worker.ts";
import {
  AttemptRefusedError,
  QueueManagerClient,
  QueueManagerUnavailableError,
} from "../src/results/queue-manager.ts";
import type { StoredBytes } from "../src/results/queue-manager.ts";

const SIZE = 5_000_000;
/** Headers, and what a gateway has read and not yet written when a line breaks. */
const SLACK = 300_000;

/** Passes TCP on, counts what the gateway is sent, and cuts a line after so many bytes. */
class BreakingLine {
  sent = 0;
  /** Bytes of the next connections after which each is cut; Infinity when there are no more. */
  readonly cuts: number[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connect(port, "127.0.0.1");
      let left: number | undefined;
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on("error", () => undefined);
      }
      near.on("data", (piece: Buffer) => {
        left ??= this.cuts.shift() ?? Infinity;
        const passed = piece.subarray(0, left);
        left -= passed.length;
        this.sent += passed.length;
        far.write(passed);
        if (left > 0) return;
        near.pause();
        // All that was passed on arrives before the end does.
        far.end();
        near.destroy();
      });
      near.on("close", () => far.end());
      far.pipe(near);
    });
  }

  async open(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

let gateway: TestGateway;
let folder: string;
let claim: Claim;
let line: BreakingLine;
let client: QueueManagerClient;
let stored: StoredBytes;
beforeEach(async () => {
  gateway = await startGateway();
  folder = await mkdtemp(join(tmpdir(), "comfymulti-upload-"));
  await gateway.alice.submit(graph);
  const claimed = await gateway.queue.claim("worker-1", 80_000);
  if (!claimed) throw new Error("no job waits");
  claim = claimed;
  line = new BreakingLine(Number(new URL(gateway.origin).port));
  client = new QueueManagerClient(await line.open(), TOKENS.worker, 10_000);
  const bytes = randomBytes(SIZE);
  const path = join(folder, "video");
  await writeFile(path, bytes);
  stored = { path, size: SIZE, sha256: createHash("sha256").update(bytes).digest("hex") };
});
afterEach(async () => {
  await client.close();
  await line.close();
  await gateway.close();
  await rm(folder, { recursive: true });
});

const holder = () => ({ worker: "worker-1", job: claim.job.id, attempt: claim.attempt });
const file = (): OutputFile => ({
  filename: `${claim.job.id}.mp4`,
  subfolder: "gw",
  type: "output",
});
const put = () => client.putOutput(holder(), file(), stored);

/** As the delivery does it: again until it is taken, when the gateway is done with the last try. */
async function putUntilTaken(): Promise<OutputFile> {
  for (;;) {
    try {
      return await put();
    } catch (error) {
      if (!(error instanceof QueueManagerUnavailableError)) throw error;
      await kept();
    }
  }
}

/** Waits until the gateway has put away what it got. Returns the path. */
function kept(): Promise<string> {
  const partial = join(gateway.dataDirectory, "partial");
  return vi.waitFor(
    async () => {
      const [name = ""] = await readdir(partial);
      expect(name).toMatch(/kept$/);
      return join(partial, name);
    },
    { timeout: 10_000 },
  );
}

async function arrivedSha256(): Promise<string> {
  const outputs = join(gateway.dataDirectory, "outputs", "user001", "gw");
  return createHash("sha256")
    .update(await readFile(join(outputs, file().filename)))
    .digest("hex");
}

it("sends only the rest after a line that broke at 40 %", async () => {
  line.cuts.push(SIZE * 0.4);
  await expect(put()).rejects.toThrow(QueueManagerUnavailableError);
  expect(line.sent).toBe(SIZE * 0.4);
  await kept();
  expect(await putUntilTaken()).toEqual(file());
  expect(await arrivedSha256()).toBe(stored.sha256);
  expect(line.sent).toBeLessThan(SIZE + SLACK);
});

it("gets through a line that breaks again and again", async () => {
  // Each time a connection asks and goes on.
  line.cuts.push(...Array.from({ length: 4 }, () => SIZE * 0.2));
  await putUntilTaken();
  expect(await arrivedSha256()).toBe(stored.sha256);
  expect(line.sent).toBeLessThan(SIZE + 4 * SLACK);
});

it("sends nothing twice when only the answer got lost", async () => {
  await put();
  const { sent } = line;
  // The worker does not know that: its answer broke off.
  line.cuts.push(1000);
  await client.close();
  client = new QueueManagerClient(await reopened(), TOKENS.worker, 10_000);
  await expect(put()).rejects.toThrow(QueueManagerUnavailableError);
  expect(await put()).toEqual(file());
  expect(line.sent - sent).toBeLessThan(SLACK);
});

it("begins anew when the gateway kept nothing", async () => {
  line.cuts.push(SIZE * 0.4);
  await expect(put()).rejects.toThrow(QueueManagerUnavailableError);
  await rm(await kept());
  await putUntilTaken();
  expect(await arrivedSha256()).toBe(stored.sha256);
  expect(line.sent).toBeGreaterThan(SIZE * 1.4);
});

it("stops when the lease was lost meanwhile", async () => {
  line.cuts.push(SIZE * 0.4);
  await expect(put()).rejects.toThrow(QueueManagerUnavailableError);
  await kept();
  await gateway.queue.cancel(claim.job.id, undefined);
  await expect(put()).rejects.toThrow(AttemptRefusedError);
  expect(line.sent).toBeLessThan(SIZE * 0.4 + SLACK);
});

it("hears of a lost lease at once, with the file half sent", async () => {
  await gateway.queue.cancel(claim.job.id, undefined);
  await expect(put()).rejects.toThrow(AttemptRefusedError);
});

/** The same line for a new client. */
async function reopened(): Promise<string> {
  await line.close();
  return line.open();
}
