/**
 * The official editor as a full ComfyUI with both nodes would serve it, without ComfyUI: the light
 * frontend has the editor's files and the participant's settings, a Python process (stand-in for
 * ComfyUI's server) has the nodes and the local queue. Two doors lead in, as in the workshop: the
 * gateway, which takes the prompts for itself, and the way past it.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { buildApp } from "@comfymulti/frontend";
import { comfyuiVersions } from "@comfymulti/workflows";
import type { Python } from "../client-libraries/install.ts";
import { ensureFrontendBundle } from "../../tools/setup/frontend-bundle.mjs";
import { repository } from "../../tools/setup/places.mjs";

const VERSION = "0.11.1";
const FRONTEND_TOKEN = "a-token-for-tests-only";
const USER = "user001";
/** What the nodes and the local ComfyUI answer; everything else is the light frontend's. */
const LOCAL = /^\/extensions$|^\/extensions\/(?!core)|^\/comfymulti\/|^\/(prompt|queue|history)$/;

const workflows = path.join(repository, "workflows");
const objectInfo = readFileSync(path.join(workflows, `object-info/${VERSION}.json`));
export const defaultWorkflow = path.join(workflows, "templates/example_workflow/workflow.json");

export type FoundPython = Exclude<Python, { readonly missing: string }>;

export interface Doors {
  /** The participant's address. */
  readonly gateway: string;
  /** The same page, past the gateway. */
  readonly past: string;
  /** Paths under which prompts reached the gateway. */
  readonly prompts: readonly string[];
  close(): Promise<void>;
}

export interface DoorOptions {
  readonly python: FoundPython;
  /** An empty folder, for the participant's settings and workflows. */
  readonly userdata: string;
  /** Whether the node knows the participant's address. */
  readonly moves: boolean;
}

export async function openDoors({ python, userdata, moves }: DoorOptions): Promise<Doors> {
  const frontend = await startLightFrontend(userdata);
  const prompts: string[] = [];
  const gateway = http.createServer((request, response) => {
    if (request.method === "POST" && routeOf(request) === "/prompt") {
      prompts.push(request.url ?? "");
      const answer = { prompt_id: `job-${prompts.length}`, number: 0, node_errors: {} };
      sendJson(response, JSON.stringify(answer));
    } else answerAsFrontend(request, response, { "comfy-user": USER });
  });
  const past = http.createServer((request, response) => answerAsFrontend(request, response, {}));
  const gatewayAddress = `${await listen(gateway)}/${USER}/`;
  const pastAddress = `${await listen(past)}/${USER}/`;
  const nodes = await startNodes(python, moves ? gatewayAddress : "");

  function answerAsFrontend(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    headers: http.OutgoingHttpHeaders,
  ): void {
    const route = routeOf(request);
    if (route === "/object_info") sendJson(response, objectInfo);
    else if (LOCAL.test(route)) pass(request, response, nodes.url + route, headers);
    else {
      const identity = { "comfy-user": USER, authorization: `Bearer ${FRONTEND_TOKEN}` };
      pass(request, response, `${frontend.url}${request.url}`, identity);
    }
  }

  return {
    gateway: gatewayAddress,
    past: pastAddress,
    prompts,
    async close() {
      for (const server of [gateway, past]) {
        server.closeAllConnections();
        server.close();
      }
      await nodes.stop();
      await frontend.app.close();
    },
  };
}

async function startLightFrontend(userdata: string) {
  const pin = comfyuiVersions[VERSION];
  if (!pin?.wheel) throw new Error(`the editor of ComfyUI ${VERSION} is pinned`);
  const bundle = { version: pin.frontendPackage, wheel: pin.wheel, report: console.log };
  const app = await buildApp({
    environment: {
      FRONTEND_TOKEN,
      BUNDLE_DIRECTORY: await ensureFrontendBundle(bundle),
      USERDATA_DIRECTORY: userdata,
      USERS: [USER],
      COMFYUI_VERSION: VERSION,
    },
  });
  return { app, url: await app.listen({ host: "127.0.0.1", port: 0 }) };
}

async function startNodes({ python, folder }: FoundPython, participantUrl: string) {
  const child = spawn(python, ["serve.py"], {
    cwd: path.join(repository, "services/custom-nodes/python-tests"),
    stdio: ["pipe", "pipe", "inherit"],
    env: {
      ...process.env,
      PYTHONPATH: folder,
      PYTHONDONTWRITEBYTECODE: "1",
      DEFAULT_WORKFLOW_FILE: defaultWorkflow,
      PARTICIPANT_URL: participantUrl,
    },
  });
  const ended = once(child, "exit");
  const port = await Promise.race([
    once(child.stdout, "data").then(([data]) => Number(data)),
    ended.then(([code]) => {
      throw new Error(`serve.py ended with ${code}`);
    }),
  ]);
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}

/** The path as ComfyUI has it: "/prompt" of "/user001/api/prompt?x=1". */
const routeOf = ({ url = "" }: http.IncomingMessage) =>
  url
    .replace(`/${USER}`, "")
    .replace(/^\/api(?=\/)/, "")
    .replace(/\?.*/, "");

function sendJson(response: http.ServerResponse, body: string | Buffer): void {
  response.writeHead(200, { "content-type": "application/json" }).end(body);
}

function pass(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  target: string,
  headers: http.OutgoingHttpHeaders,
): void {
  const options = { method: request.method, headers: { ...request.headers, ...headers } };
  const outgoing = http.request(target, options, (incoming) => {
    response.writeHead(incoming.statusCode ?? 502, incoming.headers);
    incoming.pipe(response);
  });
  outgoing.on("error", (error) => response.destroy(error));
  request.pipe(outgoing);
}

async function listen(server: http.Server): Promise<string> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
