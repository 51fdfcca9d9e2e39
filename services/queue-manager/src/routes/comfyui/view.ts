/** `view`: a file of the user, whole, in part, or as a small picture of it. */
import sharp, { type Sharp } from "sharp";
import { z } from "zod";
import { parseBody } from "../../comfyui/parse-json.ts";
import { inertHeaders, sendFile } from "../../files/send-file.ts";
import { parseFileName } from "../../files/user-files.ts";
import { errors } from "../../errors.ts";
import type { Route } from "../../gateway.ts";
import { PICTURE_PIXELS } from "../../limits.ts";

const querySchema = z.object({
  filename: z.string(),
  subfolder: z.string().optional(),
  type: z.string().default("output"),
  /** `webp;75` or `jpeg;90`: re-encoded for a thumbnail. */
  preview: z.string().optional(),
  channel: z.enum(["rgba", "rgb", "a"]).default("rgba"),
});

export const viewRoute: Route = (app, { files }) => {
  app.get("/view", async (request, reply) => {
    const query = parseBody(querySchema, request.query);
    const file = files.path(request.user.id, parseFileName(query));
    const picture = picturePipeline(query);
    if (!picture) return sendFile(request, reply, file);
    const bytes = await picture(sharp(file, { limitInputPixels: PICTURE_PIXELS })).catch(
      () => undefined,
    );
    // Not a picture, a broken or a huge one: the file itself, or its 404.
    if (!bytes) return sendFile(request, reply, file);
    return reply
      .headers({ ...inertHeaders, "cache-control": "private, no-cache" })
      .type(`image/${query.preview?.startsWith("jpeg") ? "jpeg" : query.preview ? "webp" : "png"}`)
      .send(bytes);
  });
};

/** What has to be done to the picture; undefined when the file is wanted as it is. */
function picturePipeline({
  preview,
  channel,
}: z.infer<typeof querySchema>): ((picture: Sharp) => Promise<Buffer>) | undefined {
  if (preview !== undefined) {
    const wanted = /^(?<format>webp|jpeg)(?:;(?<quality>\d{1,3}))?$/.exec(preview)?.groups;
    if (!wanted) throw errors.badRequest("preview must be webp;QUALITY or jpeg;QUALITY.");
    const quality = Math.min(100, Math.max(1, Number(wanted["quality"] ?? 90)));
    return (picture) =>
      (wanted["format"] === "jpeg" || channel === "rgb"
        ? picture.flatten({ background: "#000" })
        : picture
      )
        .toFormat(wanted["format"] === "jpeg" ? "jpeg" : "webp", { quality })
        .toBuffer();
  }
  if (channel === "rgb") return (picture) => picture.removeAlpha().png().toBuffer();
  if (channel === "a") {
    return (picture) => picture.ensureAlpha().extractChannel("alpha").png().toBuffer();
  }
  return undefined;
}
