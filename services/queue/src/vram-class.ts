/**
 * Classes of VRAM need, so that a claim looks at few sets instead of all jobs. A class is 4 GiB
 * wide. Jobs of the classes below a worker's own fit it whole; in its own class the claim compares
 * each job's need, so a worker gets all that it can hold and nothing that it can't.
 */
const CLASS_MIB = 4096;
/** 256 GiB and more are one class. */
const HIGHEST_CLASS = 64;

export const vramClass = (vramMiB: number): number =>
  Math.min(Math.floor(vramMiB / CLASS_MIB), HIGHEST_CLASS);
