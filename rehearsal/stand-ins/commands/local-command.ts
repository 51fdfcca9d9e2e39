/** `command.local.Command`, run by this machine's shell. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { z } from "zod";
import { realType, type Properties } from "../real-type.ts";

const inputsSchema = z.strictObject({
  create: z.string().optional(),
  update: z.string().optional(),
  delete: z.string().optional(),
  dir: z.string().optional(),
  environment: z.record(z.string(), z.string()).optional(),
  interpreter: z.array(z.string()).optional(),
  stdin: z.string().optional(),
  triggers: z.array(z.unknown()).optional(),
  /** Where the real one writes what a command says; a rehearsal writes it nowhere. */
  logging: z.enum(["stdout", "stderr", "stdoutAndStderr", "none"]).optional(),
  addPreviousOutputInEnv: z.boolean().optional(),
});
type Inputs = z.output<typeof inputsSchema>;

export const realLocalCommand = realType(inputsSchema, {
  async create(inputs) {
    const outputs = await run(inputs.create, inputs);
    return { id: `command${randomBytes(4).toString("hex")}`, outputs };
  },
  // What a command made can't be looked at.
  read: () => Promise.resolve({}),
  update: (_id, inputs, state) => run(inputs.update ?? inputs.create, inputs, state),
  async delete(_id, state) {
    const inputs = inputsSchema.strip().parse(state);
    await run(inputs.delete, inputs, state);
  },
});

const outputSchema = z.object({ stdout: z.string(), stderr: z.string() });

/** @throws Error with its exit code and what it wrote to stderr */
async function run(command: string | undefined, inputs: Inputs, before?: Properties) {
  if (command === undefined) return { stdout: "", stderr: "" };
  const [program = "/bin/sh", ...options] = inputs.interpreter ?? ["/bin/sh", "-c"];
  const child = spawn(program, [...options, command], {
    ...(inputs.dir !== undefined && { cwd: inputs.dir }),
    env: { ...process.env, ...previous(inputs, before), ...inputs.environment },
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  // A command may end without having read it.
  child.stdin.on("error", () => undefined).end(inputs.stdin ?? "");
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  if (code !== 0) {
    const how = code === null ? `was ended by ${String(signal)}` : `failed with exit code ${code}`;
    throw new Error(`command ${how}: ${output.stderr.trim() || "it said nothing on stderr"}`);
  }
  return { stdout: withoutNewline(output.stdout), stderr: withoutNewline(output.stderr) };
}

/** What the command before this one said, under the real provider's names. */
function previous({ addPreviousOutputInEnv = true }: Inputs, before: Properties | undefined) {
  const said = outputSchema.safeParse(before).data;
  if (!addPreviousOutputInEnv || !said) return {};
  return { PULUMI_COMMAND_STDOUT: said.stdout, PULUMI_COMMAND_STDERR: said.stderr };
}

const withoutNewline = (text: string) => text.replace(/\n$/, "");
