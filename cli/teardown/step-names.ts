/** The steps of a teardown, in their order. */
export const stepNames = ["announce", "drain", "bundle", "verify", "destroy", "prove"] as const;
export type StepName = (typeof stepNames)[number];

/** For people. */
export const stepTitles: Readonly<Record<StepName, string>> = {
  announce: "Announce the end and take no more jobs",
  drain: "Wait for the jobs that run",
  bundle: "Bundle everybody's pictures and workflows",
  verify: "Read the bundles back and compare them",
  destroy: "Destroy what is rented",
  prove: "Ask the accounts what is left",
};
