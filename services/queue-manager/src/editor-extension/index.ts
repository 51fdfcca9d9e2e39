/** What the gateway adds to the editor: an extension, loaded the way those of custom nodes are. */
import { readFileSync } from "node:fs";

/** Under `/userNNN/`. */
export const ANNOUNCEMENT_SCRIPT = "/comfymulti/announcement.js";

/** WebSocket message that the extension listens to; `{text}`, empty when it was taken back. */
export const ANNOUNCEMENT_TYPE = "comfymulti_announcement";

export const announcementScript = readFileSync(new URL("announcement.js", import.meta.url), "utf8");
