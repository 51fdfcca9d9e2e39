/**
 * On a participant's first visit the editor's first graph is the workshop's, instead of its own
 * template browser. A workflow that the browser still holds is never replaced.
 *
 * The visit is remembered in the user's settings on the server: it holds in every browser.
 */
// Relative, so that it works behind a prefix as /user001/.
import { api } from "../../scripts/api.js";
import { app } from "../../scripts/app.js";

const VISITED = "Comfymulti.DefaultWorkflowLoader.Visited";
/** The editor's own mark. While it is missing, the editor opens its template browser. */
const TUTORIAL_COMPLETED = "Comfy.TutorialCompleted";

app.registerExtension({
  name: "comfymulti.defaultWorkflowLoader",
  settings: [{ id: VISITED, name: "Default workflow opened", type: "hidden", defaultValue: false }],
  async setup() {
    const settings = app.extensionManager.setting;
    if (settings.get(VISITED)) return;
    const workflow = await fetchDefaultWorkflow();
    if (!workflow) return;
    beforeFirstGraph((graph) => {
      settings.set(VISITED, true).catch((error) => {
        console.warn("The first visit could not be remembered.", error);
      });
      return graph ?? workflow;
    });
    await settings.set(TUTORIAL_COMPLETED, true);
  },
});

/** The workshop's graph; nothing when none is set, or it can't be had: the editor starts as always. */
async function fetchDefaultWorkflow() {
  try {
    const response = await api.fetchApi("/comfymulti/default_workflow");
    if (response.ok) return await response.json();
    if (response.status !== 404) console.warn((await response.json()).error);
  } catch (error) {
    console.warn("The default workflow could not be fetched.", error);
  }
  return undefined;
}

/**
 * Lets `choose` decide on the graph that the editor loads first. The editor calls it with the
 * workflow that was open before, or with nothing when it would load its built-in graph.
 */
function beforeFirstGraph(choose) {
  app.loadGraphData = function (graph, ...others) {
    delete app.loadGraphData;
    return app.loadGraphData(choose(graph), ...others);
  };
}
