/**
 * Classes of VRAM need, so that a claim looks at few sets instead of all jobs. A class is 4 GiB
 * wide; a job is rounded up and a worker down, so a worker never gets what it can't hold. 0 is for
 * jobs that need none.
 */
const CLASS_MIB = 4096;
/** 256 GiB and more are one class. */
const HIGHEST_CLASS = 64;

export const classOfJob = (vramMiB: number): number =>
  Math.min(Math.ceil(vramMiB / CLASS_MIB), HIGHEST_CLASS);

export const highestClassOfWorker = (vramMiB: number): number =>
  Math.min(Math.floor(vramMiB / CLASS_MIB), HIGHEST_CLASS);
