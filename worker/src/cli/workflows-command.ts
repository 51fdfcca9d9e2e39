/** `comfymulti-worker workflows …`: the workflows that this worker's own ComfyUI lists in its editor. */
import {
  ConfigurationError,
  CONFIGURATION_ERROR_EXIT_CODE,
  readEnvironment,
} from "@comfymulti/configuration";
import { Command } from "commander";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { ComfyuiClient } from "../comfyui/client.ts";
import {
  ComfyuiAnswerError,
  ComfyuiUnreachableError,
  FileMissingError,
} from "../comfyui/errors.ts";
import {
  listWorkflows,
  readWorkflow,
  saveWorkflow,
  workflowNameSchema,
} from "../comfyui/workflows.ts";
import { environmentSchema } from "../environment.ts";

const TIMEOUT_MS = 30_000;

const settingsSchema = z.object({ COMFYUI_URL: environmentSchema.shape.COMFYUI_URL });

/** Sets the exit code: 0 done, 1 not done, 78 when a setting is no setting. */
export function workflowsCommand(): Command {
  const workflows = new Command("workflows").description(
    "the workflows that this machine's ComfyUI lists in its own editor",
  );
  workflows
    .command("list")
    .description("names of the saved workflows, a line each")
    .action(() =>
      run(async (comfyui) => {
        for (const name of await listWorkflows(comfyui)) process.stdout.write(`${name}\n`);
      }),
    );
  workflows
    .command("show")
    .description("a saved workflow as JSON on stdout")
    .argument("<name>", "as listed, such as day-1/portrait.json")
    .action((name: string) =>
      run(async (comfyui) => {
        process.stdout.write(`${await readWorkflow(comfyui, named(name))}\n`);
      }),
    );
  workflows
    .command("save")
    .description("save a workflow into ComfyUI")
    .argument("<name>", "name in the list; folders with /, ends in .json")
    .argument("<file>", "the workflow as JSON")
    .option("--overwrite", "replace one of that name")
    .action((name: string, file: string, { overwrite }: { overwrite?: true }) =>
      run(async (comfyui) => {
        const json = await workflowText(file);
        if (await saveWorkflow(comfyui, named(name), json, overwrite === true)) return;
        throw new WorkflowError(`There is a workflow ${name} already: --overwrite replaces it.`);
      }),
    );
  return workflows;
}

/** A mistake of the user's. */
class WorkflowError extends Error {
  override readonly name = "WorkflowError";
}

function named(name: string): string {
  const parsed = workflowNameSchema.safeParse(name);
  if (parsed.success) return parsed.data;
  throw new WorkflowError(`The name ${name} ${parsed.error.issues[0]?.message ?? "is not valid"}.`);
}

async function workflowText(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new WorkflowError(`${file} can't be read: ${(error as Error).message}`);
  }
  try {
    JSON.parse(text);
  } catch {
    throw new WorkflowError(`${file} is not JSON: export the workflow from ComfyUI's menu.`);
  }
  return text;
}

async function run(work: (comfyui: ComfyuiClient) => Promise<void>): Promise<void> {
  let comfyui: ComfyuiClient | undefined;
  try {
    const { COMFYUI_URL } = readEnvironment(settingsSchema, process.env);
    comfyui = new ComfyuiClient(COMFYUI_URL, TIMEOUT_MS);
    await work(comfyui);
  } catch (error) {
    const known = [ComfyuiAnswerError, ComfyuiUnreachableError, FileMissingError, WorkflowError];
    const wrongSetting = error instanceof ConfigurationError;
    if (!wrongSetting && !known.some((kind) => error instanceof kind)) throw error;
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = wrongSetting ? CONFIGURATION_ERROR_EXIT_CODE : 1;
  } finally {
    await comfyui?.close();
  }
}
