/** What stack `local` declares, held against what the services read; nothing runs. */
import { environmentSchema as frontendSchema } from "@comfymulti/frontend/environment";
import { environmentSchema as queueManagerSchema } from "@comfymulti/queue-manager/environment";
import { environmentSchema as simulatedSchema } from "@comfymulti/simulated-comfyui/environment";
import { environmentSchema as workerSchema } from "@comfymulti/worker/environment";
import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { declarationSchema, type DeclaredPlatform } from "../components/declaration/index.ts";
import { local } from "./local.ts";
import { platformSchema, type Platform } from "./outputs.ts";
import { parseSettings } from "./settings.ts";

const processSchema = z.object({
  name: z.string(),
  command: z.array(z.string()),
  environment: z.record(z.string(), z.string()).default({}),
  /** The engine marks the whole record as a secret. */
  secretEnvironment: z
    .object({ value: z.record(z.string(), z.string()) })
    .transform(({ value }) => value)
    .default({}),
  listens: z
    .array(z.object({ host: z.string(), port: z.number(), purpose: z.string() }))
    .default([]),
});

const processes = new Map<string, z.infer<typeof processSchema>>();
const keepers = new Map<string, unknown>();
let platform: Platform;
let declaration: DeclaredPlatform | undefined;

beforeAll(async () => {
  await pulumi.runtime.setMocks(
    {
      newResource({ type, name, inputs }) {
        switch (type) {
          case "comfymulti:index:Supervisor":
            return { id: name, state: { ...inputs, pid: 1, logs: "/logs" } };
          case "comfymulti:index:Process":
            processes.set(name, processSchema.parse(inputs));
            return { id: name, state: { ...inputs, status: "running", pid: 2 } };
          case "comfymulti:index:Token":
            keepers.set(name, inputs["keepers"]);
            return { id: name, state: { ...inputs, value: `${name}-0123456789abcdef` } };
          case "comfymulti:index:Declaration":
            declaration = declarationSchema.parse(inputs);
            return { id: name, state: inputs };
          default:
            if (/^comfymulti:(app-server|gpu|hosts):/.test(type)) return { id: "", state: {} };
            throw new Error(`there is no mock for ${type}`);
        }
      },
      call({ token }) {
        throw new Error(`there is no mock for ${token}`);
      },
    },
    "comfymulti",
    "local",
  );
  const settings = parseSettings("local", {
    "comfymulti:users": "5",
    "comfymulti:removedUsers": '["user005"]',
    "comfymulti:revokedUsers": '["user004"]',
    "comfymulti:linkGenerations": '{"user002": 2}',
    "comfymulti:workers": "2",
    "comfymulti:comfyuiUrls": '["http://127.0.0.1:8188"]',
  });
  platform = await new Promise((resolve) => {
    local("local", settings).apply((value) => {
      resolve(platformSchema.parse(value));
    });
  });
  await pulumi.runtime.disconnect();
});

const variablesOf = (name: string) => {
  const service = processes.get(name);
  return { ...service?.environment, ...service?.secretEnvironment };
};

describe("stack local", () => {
  it("runs one of each service, and a simulated ComfyUI for each worker without a real one", () => {
    expect([...processes.keys()].sort()).toEqual(
      ["comfyui-2", "frontend-0-11-1", "queue-manager", "redis", "worker-1", "worker-2"].sort(),
    );
    expect(platform.workers.map(({ simulated }) => simulated)).toEqual([false, true]);
    expect(variablesOf("worker-1").COMFYUI_URL).toBe("http://127.0.0.1:8188");
    expect(variablesOf("worker-2").COMFYUI_URL).toBe("http://127.0.0.1:8631");
  });

  it.each([
    ["queue-manager", queueManagerSchema],
    ["frontend-0-11-1", frontendSchema],
    ["worker-1", workerSchema],
    ["worker-2", workerSchema],
    ["comfyui-2", simulatedSchema],
  ])("gives %s exactly what it reads, in a form that it accepts", (name, schema) => {
    const variables = variablesOf(name);
    expect(schema.safeParse(variables).error).toBeUndefined();
    const forNode = ["SOURCE_HASH", "NODE_OPTIONS", "NODE_COMPILE_CACHE", "MALLOC_ARENA_MAX"];
    const unread = Object.keys(variables).filter(
      (variable) => !(variable in schema.shape) && !forNode.includes(variable),
    );
    expect(unread).toEqual([]);
  });

  it("gives everybody a token of their own, which only the services that check it are told", () => {
    const tokens = [...platform.users.map(({ token }) => token), platform.admin.token];
    expect(new Set(tokens).size).toBe(4);
    for (const [name, { environment, command, secretEnvironment }] of processes) {
      const clear = JSON.stringify([environment, command]);
      for (const token of tokens) {
        expect(clear, name).not.toContain(token);
        if (name !== "queue-manager") {
          expect(JSON.stringify(secretEnvironment), name).not.toContain(token);
        }
      }
    }
    expect(platform.users[0]).toMatchObject({
      id: "user001",
      url: "http://127.0.0.1:8600/user001/",
      link: expect.stringMatching(/\/user001\/\?token=user001-token-/),
    });
  });

  it("makes a token anew for whom the settings say so, and tells nobody a revoked one", () => {
    expect(Object.fromEntries(keepers)).toMatchObject({
      ...{ "user001-token": undefined, "user002-token": { generation: "2" } },
      ...{ "user003-token": undefined, "user004-token": { revoked: "yes" } },
    });
    expect(keepers.has("user005-token")).toBe(false);
    expect(platform.users.map(({ id }) => id)).toEqual(["user001", "user002", "user003"]);
  });

  it("declares what it is to the policies", () => {
    expect(declaration).toMatchObject({
      kind: "local",
      frontends: ["user001", "user002", "user003", "user004"].map((user) => ({ user })),
      workers: [{ name: "worker-1", host: "local" }, { name: "worker-2" }],
      templates: expect.arrayContaining(["example_workflow", "ltx2_text_to_video"]) as string[],
      edge: { public: false },
    });
  });

  it("listens on this machine alone", () => {
    const hosts = [...processes.values()].flatMap(({ listens }) => listens.map(({ host }) => host));
    expect(hosts.length).toBeGreaterThan(4);
    expect(new Set(hosts)).toEqual(new Set(["127.0.0.1"]));
  });
});
