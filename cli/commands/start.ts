/** `npm start`: the stack up, a sample job rendered, and what the host needs to know. */
import pc from "picocolors";
import { liveStatus } from "../live-status.ts";
import { readPlatform } from "../platform.ts";
import { runSampleJob } from "../sample-job.ts";
import { linksTable, servicesTable, workersTable } from "./status.ts";
import { up } from "./up.ts";

export async function start(stackName: string): Promise<void> {
  await up(stackName);
  const platform = await readPlatform(stackName);

  console.log("\nSample job");
  const job = await runSampleJob(platform);
  console.log(
    `  ${pc.green("✓")} ${job.user} rendered a ${job.width} × ${job.height} picture in ${job.seconds.toFixed(1)} s: ${job.file}`,
  );

  const status = await liveStatus(platform);
  console.log(`\n${servicesTable(status)}\n${workersTable(status)}\n${linksTable(status)}`);
  if (platform.workers.some(({ simulated }) => simulated)) {
    console.log(
      pc.yellow(
        "The GPU is simulated: image nodes run for real, models make labelled pictures (comfymulti:comfyuiUrls drives a real ComfyUI).",
      ),
    );
  }
  const { directories } = platform;
  const places = directories
    ? `
  pictures and videos  ${directories.outputs}
  logs                 ${directories.logs}`
    : "";
  console.log(`Give each participant their own link: whoever has it is them.${places}
  again, as JSON       npx comfymulti status --json
  stop                 npm stop`);
}
