#!/usr/bin/env node
/** `comfymulti-worker …` on the GPU machine: Node runs the TypeScript as it is. */
import "./src/cli/main.ts";
