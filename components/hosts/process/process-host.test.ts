import * as pulumi from "@pulumi/pulumi";
import { beforeAll, expect, test } from "vitest";
import { ProcessHost } from "./process-host.ts";
import { Token } from "../../secrets/index.ts";

/** Which resources a ProcessHost declares, and with what; nothing runs. */

const declared: { type: string; name: string; inputs: Record<string, unknown> }[] = [];

beforeAll(async () => {
  await pulumi.runtime.setMocks({
    newResource({ type, name, inputs }) {
      declared.push({ type, name, inputs: inputs as Record<string, unknown> });
      switch (type) {
        case "comfymulti:hosts:ProcessHost":
          return { id: "", state: {} };
        case "comfymulti:index:Supervisor":
          return { id: name, state: { ...inputs, pid: 1, logs: "/data/logs" } };
        case "comfymulti:index:Process":
          return { id: name, state: { ...inputs, status: "running", pid: 2 } };
        case "comfymulti:index:Token":
          return { id: name, state: { ...inputs, value: "token-value" } };
        default:
          throw new Error(`there is no mock for ${type}`);
      }
    },
    call({ token }) {
      throw new Error(`there is no mock for ${token}`);
    },
  });
});

test("a host declares one supervisor, and a process with secret environment for each service", async () => {
  const host = new ProcessHost("host", { directory: "/data" });
  const token = new Token("token", { prefix: "t_" });
  const service = host.service("web", {
    version: "1",
    command: ["web"],
    secretEnvironment: { TOKEN: token.value },
    workingDirectory: "/data",
    health: { kind: "http", url: "http://127.0.0.1:1/" },
  });
  expect(await valueOf(service.status)).toBe("running");
  expect(await valueOf(service.name)).toBe("web");
  expect(declared.map(({ type, name }) => `${type} ${name}`).sort()).toEqual([
    "comfymulti:hosts:ProcessHost host",
    "comfymulti:index:Process web",
    "comfymulti:index:Supervisor host-supervisor",
    "comfymulti:index:Token token",
  ]);
  const process = declared.find(({ name }) => name === "web");
  expect(process?.inputs).toMatchObject({
    directory: "/data",
    name: "web",
    secretEnvironment: { value: { TOKEN: "token-value" } },
  });
});

test("a service is a child of its host unless the caller names another parent", async () => {
  const host = new ProcessHost("other", { directory: "/data" });
  const spec = {
    version: "1",
    command: ["web"],
    workingDirectory: "/data",
    health: { kind: "command" as const, argv: ["true"] },
  };
  const child = host.service("child", spec);
  expect(await valueOf(child.urn)).toContain("comfymulti:hosts:ProcessHost$");
  const adopted = host.service("adopted", spec, { parent: host.supervisor });
  expect(await valueOf(adopted.urn)).toContain("comfymulti:index:Supervisor$");
});

test("what only a container needs does not reach a process", async () => {
  const service = new ProcessHost("plain", { directory: "/data" }).service("contained", {
    version: "1",
    command: ["web"],
    workingDirectory: "/data",
    health: { kind: "command", argv: ["true"] },
    container: { image: "web:1", memoryMb: 64, cpus: 1 },
  });
  await valueOf(service.urn);
  const process = declared.find(({ name }) => name === "contained");
  expect(process?.inputs).not.toHaveProperty("container");
});

function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => {
    output.apply(resolve);
  });
}
