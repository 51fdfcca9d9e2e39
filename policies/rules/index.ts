/** Every rule, one file each. */
import { backupBeforeUpgrade } from "./backup-before-upgrade.ts";
import { bucketsPrivate } from "./buckets-private.ts";
import { budgetNotExceeded } from "./budget-not-exceeded.ts";
import { canaryBeforeFleet } from "./canary-before-fleet.ts";
import { containersNonRootAndLimited } from "./containers-non-root-and-limited.ts";
import { frontendWorkerPairNotBlocked } from "./frontend-worker-pair-not-blocked.ts";
import { gpuPortNotPublic } from "./gpu-port-not-public.ts";
import { healthcheckRequired } from "./healthcheck-required.ts";
import { imagePinned } from "./image-pinned.ts";
import { modelVaultEu } from "./model-vault-eu.ts";
import { monitoringPresent } from "./monitoring-present.ts";
import { platformDeclared } from "./platform-declared.ts";
import { promptBypassClosed } from "./prompt-bypass-closed.ts";
import { protectedDataVolumes } from "./protected-data-volumes.ts";
import { queueDepthLimited } from "./queue-depth-limited.ts";
import { redisDurable } from "./redis-durable.ts";
import { redisNotPublic } from "./redis-not-public.ts";
import { rollbackImageRetained } from "./rollback-image-retained.ts";
import { secretsEncrypted } from "./secrets-encrypted.ts";
import { sharedFilesystemMounted } from "./shared-filesystem-mounted.ts";
import { spotOnlyInStaging } from "./spot-only-in-staging.ts";
import { templatesValidatedForPair } from "./templates-validated-for-pair.ts";
import { timeoutsForVideo } from "./timeouts-for-video.ts";
import { tlsOnPublicEdge } from "./tls-on-public-edge.ts";
import { vramFitsTemplates } from "./vram-fits-templates.ts";
import { workerNotAheadOfValidatedFrontend } from "./worker-not-ahead-of-validated-frontend.ts";
import { workerVersionCaptured } from "./worker-version-captured.ts";
import { workshopHasEnd } from "./workshop-has-end.ts";

export const rules = [
  backupBeforeUpgrade,
  bucketsPrivate,
  budgetNotExceeded,
  canaryBeforeFleet,
  containersNonRootAndLimited,
  frontendWorkerPairNotBlocked,
  gpuPortNotPublic,
  healthcheckRequired,
  imagePinned,
  modelVaultEu,
  monitoringPresent,
  platformDeclared,
  promptBypassClosed,
  protectedDataVolumes,
  queueDepthLimited,
  redisDurable,
  redisNotPublic,
  rollbackImageRetained,
  secretsEncrypted,
  sharedFilesystemMounted,
  spotOnlyInStaging,
  templatesValidatedForPair,
  timeoutsForVideo,
  tlsOnPublicEdge,
  vramFitsTemplates,
  workerNotAheadOfValidatedFrontend,
  workerVersionCaptured,
  workshopHasEnd,
];
