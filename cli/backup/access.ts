/** How to get at a stack's backups: what the stack says, or what its operator kept. */
import { z } from "zod";
import { backupAccessSchema, type BackupAccess } from "../../components/app-server/backup.ts";
import { stackDirectories } from "../../stacks/places.ts";
import { findStack } from "../engine/stack.ts";
import { runOperation } from "../run-operation.ts";
import { readStackFile } from "../stack-settings.ts";
import { VisibleError } from "../visible-error.ts";

const outputSchema = z.looseObject({ backup: backupAccessSchema.optional() });

/** What has to be kept outside of the stack, so that backups can be read when it is gone. */
const KEPT = [
  "BACKUP_NAME",
  "RESTIC_REPOSITORY",
  "RESTIC_PASSWORD",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
] as const;

/**
 * @param environment Where `KEPT` variables win over what a stack says that is not up.
 * @throws VisibleError when neither tells
 */
export async function readBackupAccess(
  stackName: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<BackupAccess> {
  readStackFile(stackName);
  let platform: unknown;
  await runOperation(async () => {
    const stack = await findStack(stackName);
    platform = (await stack?.outputs())?.platform?.value;
  });
  return chooseAccess(stackName, platform, environment);
}

/** @param platform The stack's output; undefined when it is not up. */
export function chooseAccess(
  stackName: string,
  platform: unknown,
  environment: NodeJS.ProcessEnv,
): BackupAccess {
  const told = outputSchema.safeParse(platform).data?.backup;
  if (told) return told;
  const kept = KEPT.map((name) => [name, environment[name]] as const);
  if (kept.every(([, value]) => value !== undefined && value !== "")) {
    return {
      environment: {
        AWS_DEFAULT_REGION: "auto",
        ...Object.fromEntries(kept.map(([name, value]) => [name, value ?? ""])),
        DATA_DIRECTORY: stackDirectories(stackName).data,
      },
      place: { kind: "process", dataDirectory: stackDirectories(stackName).data },
    };
  }
  throw new VisibleError(
    platform === undefined
      ? `Stack ${stackName} is not up, so it can't say where its backups are: bring it up first (npx comfymulti up ${stackName}), or set ${KEPT.join(", ")} as npx comfymulti backup ${stackName} --access printed them.`
      : `Stack ${stackName} makes no backups: set comfymulti:backup in Pulumi.${stackName}.yaml and bring it up.`,
  );
}

/** Lines for a shell, for a password manager. */
export function printableAccess({ environment }: BackupAccess): string {
  const quote = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  return KEPT.map((name) => `export ${name}=${quote(environment[name] ?? "")}`).join("\n");
}
