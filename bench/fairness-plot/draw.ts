/** `node bench/fairness-plot/draw.ts`: draws docs/images/fairness.svg; the same file in every run. */
import { startRedis } from "@comfymulti/queue/testing";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { repository } from "../../components/installation.ts";
import { simulate } from "./simulate.ts";
import { drawFairness } from "./svg.ts";

const file = path.join(repository, "docs", "images", "fairness.svg");
const redis = await startRedis(["appendfsync no"]);
try {
  const afternoons = [await simulate(redis, "fair"), await simulate(redis, "fifo")];
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, drawFairness(afternoons));
  console.log(`${path.relative(process.cwd(), file)} is drawn.`);
} finally {
  await redis.stop();
}
