import path from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files that take minutes, of those in `end-to-end`: begun first, so that none is left alone at the end.
 * Those with containers have others between them, since they wait for each other.
 */
const LONG = [
  ...["rehearse", "images", "workshop-day", "upgrade", "real-containers"],
  ...["verda-provider-killed", "app-server-in-containers", "soak", "built-images"],
].map((name) => path.join("end-to-end", `${name}.test.ts`));

/** Otherwise Vitest's own order. */
export default class LongTestsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification) => {
      const place = LONG.findIndex((file) => moduleId.endsWith(`${path.sep}${file}`));
      return place === -1 ? LONG.length : place;
    };
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}
