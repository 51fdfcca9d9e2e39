import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { describe, expect, test } from "vitest";
import type { StackResource } from "../cost/resources.ts";
import { parseSettings } from "../../stacks/settings.ts";
import { backupFinding } from "./checks/backup.ts";
import { certificateFinding } from "./checks/certificate.ts";
import { clockFindings } from "./checks/clock.ts";
import { diskFindings, disksOf } from "./checks/disk.ts";
import { driftIn } from "./checks/drift.ts";
import { serviceFindings, workerFindings } from "./checks/health.ts";
import { joinKeysIn } from "./checks/keys.ts";
import { orphanFindings } from "./checks/orphans.ts";
import { versionFindings } from "./checks/versions.ts";

const NOW = new Date("2026-11-24T12:00:00Z");
const sentences = (findings: readonly { readonly isFine: boolean; readonly sentence: string }[]) =>
  findings.map(({ isFine, sentence }) => `${isFine ? "fine" : "fault"}: ${sentence}`);

const preStep = (op: string, type: string, name: string): EngineEvent =>
  ({
    resourcePreEvent: {
      metadata: { op, type, urn: `urn:pulumi:tried::comfymulti::${type}::${name}` },
    },
  }) as unknown as EngineEvent;

test("drift names each thing once, and what to do", () => {
  const findings = driftIn(
    [
      preStep("same", "comfymulti:index:Process", "redis"),
      preStep("update", "pulumi:pulumi:Stack", "tried"),
      preStep("create", "comfymulti:gpu:Worker", "worker-1"),
      preStep("create-replacement", "verda:index:Instance", "worker-1-instance"),
      preStep("replace", "verda:index:Instance", "worker-1-instance"),
      preStep("create", "docker:index/container:Container", "nginx"),
    ],
    "tried",
  );
  expect(sentences(findings)).toEqual([
    "fault: worker-1-instance has to be made anew.",
    "fault: nginx is not there.",
  ]);
  expect(findings[0]).toMatchObject({
    cure: "npx comfymulti up tried puts it right.",
    remedy: "up",
  });
  expect(driftIn([preStep("same", "a:b:C", "redis")], "tried")[0]?.isFine).toBe(true);
});

test("a rule that refuses the next update is told with its reason", () => {
  const event = {
    policyEvent: {
      policyName: "budget",
      enforcementLevel: "mandatory",
      message: "<{%fg 1%}>too\n much<{%reset%}>",
    },
  } as unknown as EngineEvent;
  expect(sentences(driftIn([event], "tried"))).toEqual([
    "fault: The rule budget refuses the next update: too much",
  ]);
});

test("services and workers that are not well are told by name", () => {
  const services = [
    { name: "nginx", status: "healthy" },
    { name: "redis", status: "exited" },
  ];
  expect(sentences(serviceFindings(services, "w"))).toEqual(["fault: redis is exited."]);
  expect(sentences(serviceFindings([], "w"))).toEqual(["fault: No service runs."]);
  const workers = [
    { name: "worker-1", status: "running" },
    { name: "worker-2", status: "lost" },
  ];
  expect(sentences(workerFindings(["worker-1", "worker-2", "worker-3"], workers, "w"))).toEqual([
    "fault: worker-2 takes no jobs: it is lost.",
    "fault: worker-3 takes no jobs: it is missing.",
  ]);
});

test("versions are compared with the settings", () => {
  const settings = parseSettings("local", {
    "comfymulti:frontends": '{"user004": {"version": "0.9.2"}}',
  });
  const running = {
    services: [{ name: "frontend-0-11-1" }],
    workers: [{ name: "worker-1", comfyuiVersion: "0.9.2" }],
  };
  expect(sentences(versionFindings(settings, running, "local"))).toEqual([
    "fault: worker-1 runs ComfyUI 0.9.2, and the settings say 0.11.1.",
    "fault: No editor of 0.9.2 runs.",
  ]);
});

describe("a join key", () => {
  const key = (name: string, expiresAt: string): StackResource => ({
    ...{ urn: `urn::${name}`, type: "tailscale:index/tailnetKey:TailnetKey", name, id: "k1" },
    ...{ isProtected: false, inputs: {}, outputs: { expiresAt } },
  });
  const machine = (name: string): StackResource => ({
    ...{ urn: `urn::${name}`, type: "verda:index:Instance", name, id: "i1" },
    ...{ isProtected: false, inputs: {}, outputs: {} },
  });

  test("that was used may expire; one that a machine still needs may not", () => {
    const resources = [
      key("comfyume-w-join-key", "2026-11-20T10:00:00Z"),
      key("comfyume-w-worker-1-join-key", "2026-11-20T10:00:00Z"),
      machine("worker-1-instance"),
      key("comfyume-w-worker-2-join-key", "2026-11-24T11:00:00Z"),
      key("comfyume-w-worker-3-join-key", "2026-11-24T13:00:00Z"),
    ];
    expect(sentences(joinKeysIn(resources, NOW, "w"))).toEqual([
      "fault: The key of comfyume-w-worker-2 has expired before the machine joined.",
    ]);
  });
});

test("a disk needs a cure when little is left of much", () => {
  const text = `Filesystem     1024-blocks      Used Available Capacity Mounted on
/dev/vda1         100000000  97000000   3000000      97% /
/dev/vda15           106832      6250    100582       6% /boot/efi
/dev/vdb          500000000 100000000 400000000      20% /mnt/my data`;
  expect(sentences(diskFindings(disksOf(text, "ssh://root@192.0.2.7")))).toEqual([
    "fault: / on ssh://root@192.0.2.7 has 3.1 GB left.",
    "fine: 409.6 GB free in /mnt/my data on ssh://root@192.0.2.7",
  ]);
});

test("clocks that differ by more than the question takes are told", () => {
  const clocks = [
    { name: "the gateway", aheadSeconds: -0.6 },
    { name: "worker-1", aheadSeconds: 61.2 },
    { name: "worker-2", aheadSeconds: undefined },
  ];
  expect(sentences(clockFindings(clocks))).toEqual([
    "fault: The clock of worker-1 is 61 s ahead of this machine's.",
  ]);
});

describe("the certificate", () => {
  const host = "comfy.example.net";
  const inDays = (days: number) => new Date(NOW.getTime() + days * 86_400_000);

  test.each([
    [80, undefined, "fine: valid for 80 days"],
    [5, undefined, `fault: The certificate of ${host} ends in 5 days.`],
    [80, "self-signed", `fault: Browsers refuse ${host}: self-signed.`],
  ])("with %i days left and %s", (days, distrust, expected) => {
    const certificate = { host, validTo: inDays(days), distrust };
    expect(sentences([certificateFinding(certificate, NOW, "w")])).toEqual([expected]);
  });
});

test("the last backup may be three intervals old", () => {
  const ago = (seconds: number) =>
    `state=done\nlast_success=${NOW.getTime() / 1000 - seconds}\nmessage=\n`;
  const find = (text: string | undefined) => sentences([backupFinding(text, 3600, NOW, "w")])[0];
  expect(find(ago(600))).toBe("fine: the last backup is 10 minutes old");
  expect(find(ago(4 * 3600))).toBe("fault: The last backup is 4.0 hours old.");
  expect(find("last_success=0\nmessage=no bucket\n")).toBe(
    "fault: No backup has been made yet: no bucket.",
  );
  expect(find(undefined)).toBe("fault: No backup has been made yet.");
});

test("orphans are told with what they are, and whether they cost", () => {
  const orphan = { id: "1", isInTrash: false };
  expect(
    sentences(
      orphanFindings(
        [
          { ...orphan, kind: "instance", name: "worker-1", isBillable: true },
          { ...orphan, kind: "ssh-key", name: "host", isBillable: false },
        ],
        "w",
      ),
    ),
  ).toEqual([
    "fault: The instance worker-1 is not in the stack's state, and is billed.",
    "fault: The ssh-key host is not in the stack's state.",
  ]);
});
