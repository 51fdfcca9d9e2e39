/**
 * Makes the editor's brotli and gzip forms while the image is built: in a container with a read-only
 * root they could not be made.
 *
 *     node services/images/frontend/compress-editor.ts BUNDLE_DIRECTORY
 */
import { argv } from "node:process";
import { readBundle } from "../../frontend/src/bundle/bundle.ts";
import { CompressedFiles } from "../../frontend/src/bundle/compressed-files.ts";

const bundle = await readBundle(argv[2] ?? "");
const compressed = new CompressedFiles(bundle);
for (const file of bundle.files.values()) {
  for (const encoding of ["br", "gzip"]) await compressed.find(file, encoding);
}
