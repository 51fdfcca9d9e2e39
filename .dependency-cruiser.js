// The layers of docs/architecture.md, held against the imports.
/** @param {string} from @param {string[]} allowed */
const mayImportOnly = (from, allowed) => ({
  name: `${from.replaceAll("/", "-")}-layer`,
  comment: `${from} may import only: ${allowed.join(", ") || "nothing of ours"}`,
  severity: "error",
  from: { path: `^${from}/` },
  to: {
    path: "^(stacks|components|services|worker|workflows|policies|cli|rehearsal|bench|tools)/",
    pathNot: [from, ...allowed].map((folder) => `^${folder}`),
  },
});

export default {
  forbidden: [
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "no-unresolvable",
      severity: "error",
      // Scripts of the editor import what ComfyUI serves beside them.
      from: {
        pathNot: "^services/(custom-nodes/[^/]+/web|queue-manager/src/editor-extension)/.*\\.js$",
      },
      to: { couldNotResolve: true },
    },
    mayImportOnly("workflows", []),
    mayImportOnly("services/queue", []),
    mayImportOnly("services/queue-manager", [
      "services/queue",
      "workflows",
      "services/configuration",
    ]),
    mayImportOnly("services/dispatcher", ["services/queue", "services/configuration"]),
    mayImportOnly("services/frontend", ["workflows", "services/configuration"]),
    mayImportOnly("worker", ["services/queue", "workflows", "services/configuration"]),
    mayImportOnly("components", [
      "services/configuration",
      "services/[^/]+/src/environment",
      "worker/.*src/environment",
      "services/monitoring",
      "services/nginx",
      "workflows",
    ]),
    mayImportOnly("services/monitoring", []),
    mayImportOnly("services/nginx", []),
    mayImportOnly("rehearsal", ["components", "workflows", "services/configuration"]),
    mayImportOnly("policies", ["workflows", "components/declaration"]),
    mayImportOnly("stacks", ["components", "workflows", "services/configuration"]),
    mayImportOnly("tools", []),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(node_modules|\\.comfymulti|\\.test\\.ts$|end-to-end|/testing/|/test/)" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
    },
  },
};
