/**
 * The one output of every stack: what `comfymulti` and other programs may know of it.
 * The whole record is a Pulumi secret, because the links in it let people in.
 */
import { z } from "zod";

export const platformSchema = z.object({
  stack: z.string(),
  kind: z.string(),
  users: z.array(
    z.object({
      id: z.string(),
      /** Ends in `/user001/`. */
      url: z.string(),
      /** Personal link: opens the editor and keeps the participant signed in. */
      link: z.string(),
      /** For `Authorization: Bearer`. */
      token: z.string(),
    }),
  ),
  admin: z.object({ url: z.string(), link: z.string(), token: z.string() }),
  workers: z.array(
    z.object({ name: z.string(), comfyuiVersion: z.string(), simulated: z.boolean() }),
  ),
  directories: z.object({
    /** One log file a service. */
    logs: z.string(),
    /** Participants' pictures and videos, a folder each. */
    outputs: z.string(),
    data: z.string(),
  }),
});
export type Platform = z.infer<typeof platformSchema>;
