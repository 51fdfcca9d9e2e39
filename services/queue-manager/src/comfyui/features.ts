/** What the gateway tells a frontend that it can do: `/features` and the WebSocket's answer. */
import { UPLOAD_BYTES } from "../limits.ts";

export const features = {
  supports_preview_metadata: true,
  max_upload_size: UPLOAD_BYTES,
  extension: { manager: { supports_v4: true } },
} as const;
