/** A resource type that a stand-in makes for real when a rehearsal asks for it. */
import type { CheckFailure } from "@pulumi/pulumi/provider/index.js";
import type { z } from "zod";
import { isUnknownAt, unwrapSecrets } from "../../components/provider-plugin/wire.ts";
import { propertyPath } from "./check.ts";

export type Properties = Readonly<Record<string, unknown>>;

export interface Made {
  readonly id: string;
  readonly outputs: Properties;
}

/** Values are plain: no secrets' wrappers, and in `state` the outputs beside the inputs. */
export interface RealType {
  /** Inputs that can't be made real: never left aside in silence. */
  check(news: Properties): CheckFailure[];
  /** @throws Error in one sentence, with nothing left behind */
  create(inputs: Properties): Promise<Made>;
  /** What is not as recorded; undefined when it is gone. */
  read(id: string, state: Properties): Promise<Properties | undefined>;
  /** @returns Outputs that are new */
  update(id: string, inputs: Properties, state: Properties): Promise<Properties>;
  /** Nothing to do when it is gone already. */
  delete(id: string, state: Properties): Promise<void>;
}

/** What a type does with inputs that its schema has accepted. */
export interface RealWork<Inputs> {
  create(inputs: Inputs): Promise<Made>;
  read(id: string, state: Properties): Promise<Properties | undefined>;
  update?(id: string, inputs: Inputs, state: Properties): Promise<Properties>;
  delete(id: string, state: Properties): Promise<void>;
}

/** @param inputs Strict at every depth: what it does not name can't be made. */
export function realType<Inputs>(inputs: z.ZodType<Inputs>, work: RealWork<Inputs>): RealType {
  return {
    check(news) {
      const issues = inputs.safeParse(unwrapSecrets(news)).error?.issues ?? [];
      return issues.flatMap((issue): CheckFailure[] => {
        if (issue.code === "unrecognized_keys") {
          return issue.keys.map((key) => ({
            property: propertyPath([...issue.path, key]),
            reason: NOT_MADE,
          }));
        }
        if (isUnknownAt(news, issue.path)) return [];
        return [{ property: propertyPath(issue.path), reason: issue.message }];
      });
    },
    create: (given) => work.create(inputs.parse(given)),
    read: (id, state) => work.read(id, state),
    async update(id, given, state) {
      return (await work.update?.(id, inputs.parse(given), state)) ?? {};
    },
    delete: (id, state) => work.delete(id, state),
  };
}

const NOT_MADE =
  "this stand-in can record it and not make it real: leave it out, or teach the stand-in";
