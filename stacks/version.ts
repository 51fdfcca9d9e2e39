/** Version of this project's own services, from package.json. */
import manifest from "../package.json" with { type: "json" };

export const projectVersion = manifest.version;
