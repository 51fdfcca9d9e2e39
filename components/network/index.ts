/** How machines reach each other and how browsers find them. Imports nothing of ours. */
export { Dns } from "./dns.ts";
export { dnsSettingsSchema, type DnsSettings } from "./dns-settings.ts";
export { Tailnet, type JoinKeyArgs } from "./tailnet.ts";
export { tailnetPolicy, tagOf, type MachineRole } from "./tailnet-policy.ts";
export { tailnetSettingsSchema, type TailnetSettings } from "./tailnet-settings.ts";
