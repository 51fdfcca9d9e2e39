/** Opens every personal link that `comfymulti status --json` names (on standard input), as a browser would. */
import { text } from "node:stream/consumers";

const { users, admin, services, workers } = JSON.parse(await text(process.stdin));
const faults = [];

async function open(link) {
  const first = await fetch(link, { redirect: "manual" });
  const cookie = first.headers.get("set-cookie")?.split(";")[0];
  const target = first.headers.get("location");
  if (!cookie || !target) return `${first.status} without a cookie and a redirect`;
  const page = await fetch(new URL(target, link), { headers: { cookie } });
  const body = await page.text();
  if (page.status !== 200 || !body.includes("<html")) return `${page.status} behind the link`;
  return undefined;
}

for (const { id, link, url, token } of users) {
  const fault = await open(link);
  if (fault) faults.push(`${id}: ${fault}`);
  const stats = await fetch(new URL("system_stats", url), {
    headers: { authorization: `Bearer ${token}` },
  });
  if (!stats.ok) faults.push(`${id}: Bearer token answered ${stats.status}`);
  const stranger = await fetch(new URL("system_stats", url));
  if (stranger.status !== 401) faults.push(`${id}: a stranger got ${stranger.status}, not 401`);
}
const adminLink = `${admin.url}?token=${admin.token}`;
const adminFault = await open(adminLink);
if (adminFault) faults.push(`admin: ${adminFault}`);
for (const { name, status } of services) {
  if (status !== "healthy" && status !== "running") faults.push(`${name} is ${status}`);
}
for (const { name, status } of workers) if (status !== "idle") faults.push(`${name} is ${status}`);

for (const fault of faults) console.error(`  ✗ ${fault}`);
if (faults.length > 0) process.exit(1);
console.log(
  `  ✓ ${users.length + 1} links open, ${services.length} services and ${workers.length} workers are well`,
);
