/**
 * Shows what the host announces as a notice of the editor's own. The editor loads it as it loads the
 * extensions of custom nodes: GET /extensions names it.
 */
// Relative, so that it works behind the prefix /user001/.
import { api } from "../scripts/api.js";
import { app } from "../scripts/app.js";

let shown;

function show(text) {
  const { toast } = app.extensionManager;
  // A socket that connects again is told again.
  if (text === shown?.detail) return;
  if (shown) toast.remove(shown);
  shown = undefined;
  if (!text) return;
  // Without a time to live it stays until it is closed.
  shown = { severity: "warn", summary: "From the host", detail: text };
  toast.add(shown);
}

api.addEventListener("comfymulti_announcement", ({ detail }) => show(detail.text));
