/**
 * Run goes to the shared queue: behind the gateway it does so by itself, since the gateway answers
 * the queue's routes under the page's own prefix. A page that was opened past the gateway moves to
 * the participant's address before anything is loaded into it.
 */
/* global window */
// Relative, so that it works behind a prefix as /user001/.
import { api } from "../../scripts/api.js";
import { app } from "../../scripts/app.js";

app.registerExtension({
  name: "comfymulti.queueRedirect",
  async init() {
    const address = await fetchAddress();
    if (!address || isHere(address)) return;
    window.location.replace(address);
    // The editor would take this for the first visit, and remember it, in the moment that is left.
    await new Promise(() => {});
  },
});

/** Not by `api.fetchApi`: it adds the header by which the gateway is known. */
async function fetchAddress() {
  try {
    const response = await fetch(api.apiURL("/comfymulti/queue_redirect"), { cache: "no-store" });
    if (response.ok) return (await response.json()).address;
    console.warn(`The shared queue's address could not be fetched (${response.status}).`);
  } catch (error) {
    console.warn("The shared queue's address could not be fetched.", error);
  }
  return null;
}

/** An address that leads back here would load the page for ever. */
function isHere(address) {
  const { origin, pathname } = new URL(address);
  return origin === window.location.origin && pathname === window.location.pathname;
}
