/** ComfyUI's extra_data: what of it is kept beside a job. */

/**
 * The frontend sends the participant's Comfy account with every prompt (`auth_token_comfy_org`,
 * `api_key_comfy_org`). Such secrets are not stored, not listed and not sent to shared workers.
 */
const SECRET_NAME = /auth|token|secret|password|credential|api_?key/i;

/** extra_data without secrets and without what the queue keeps itself. */
export function storableExtraData(
  extraData: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(extraData).filter(
      ([name]) => !SECRET_NAME.test(name) && name !== "client_id" && name !== "create_time",
    ),
  );
}

/** `extra_pnginfo.workflow.id`, by which `/api/jobs?workflow_id=` finds a graph's jobs. */
export function workflowIdOf(extraData: Readonly<Record<string, unknown>>): string | undefined {
  const pngInfo = extraData["extra_pnginfo"] as { workflow?: { id?: unknown } } | undefined;
  const id = pngInfo?.workflow?.id;
  return typeof id === "string" && id !== "" && id.length <= 128 ? id : undefined;
}
