/** `node rehearsal/stand-ins/schemas/generate.ts`: writes the schemas anew, after an update. */
import { writeFileSync } from "node:fs";
import { schemaText } from "./schema-text.ts";
import { standInNames } from "./declared-types.ts";
import { schemaFile } from "./schema.ts";

for (const name of standInNames) writeFileSync(schemaFile(name), await schemaText(name));
