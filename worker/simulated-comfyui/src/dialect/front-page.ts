/** The page at `/`: says what this server is, so that nobody takes its pictures for a GPU's. */
import { DEVICE_NAME } from "./information-routes.ts";

export const frontPage = (version: string): string => `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <title>Simulated ComfyUI ${version}</title>
  <style>body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}</style>
  <h1>Simulated ComfyUI ${version}</h1>
  <p><strong>No GPU and no models stand behind this server</strong> (${DEVICE_NAME}). It speaks
  ComfyUI's HTTP and WebSocket dialect for local stacks and tests. Pictures from models are labelled
  <em>SIMULATED</em>; resizing, inverting, cropping and saving are real.</p>
  <p>Look at <a href="system_stats">system_stats</a>, <a href="queue">queue</a>,
  <a href="object_info">object_info</a>, <a href="internal/logs">logs</a>.</p>
</html>
`;
