/** The settings of the simulated ComfyUI as a process, read from its environment. */
import { logLevelSchema, portSchema } from "@comfymulti/configuration";
import { z } from "zod";

/** Captured ComfyUI versions that this simulator was checked against. */
export const simulatedVersions = ["0.9.2", "0.11.1"] as const;
export type SimulatedVersion = (typeof simulatedVersions)[number];

export const environmentSchema = z.object({
  /** Address to listen on. Default loopback: like ComfyUI itself, it knows no users. */
  HOST: z.string().min(1).default("127.0.0.1"),
  /** Port to listen on. */
  PORT: portSchema,
  /** ComfyUI version whose nodes it offers. Default 0.11.1. */
  COMFYUI_VERSION: z.enum(simulatedVersions).default("0.11.1"),
  /** Folder that gets `input`, `output` and `temp`, as in ComfyUI's base directory. */
  DATA_DIRECTORY: z.string().min(1),
  /** Simulated seconds of the timing model that pass in one real second. Default 1. */
  SPEED: z.coerce.number().positive().max(100_000).default(1),
  /** VRAM of the simulated GPU, MiB. Default 81559, what an H100 80GB reports. */
  VRAM_MIB: z.coerce.number().int().min(512).default(81_559),
  /** Offers the nodes with which tests bring about failures. Default false. */
  TEST_NODES: z.stringbool().default(false),
  LOG_LEVEL: logLevelSchema,
});

export type Environment = z.infer<typeof environmentSchema>;
