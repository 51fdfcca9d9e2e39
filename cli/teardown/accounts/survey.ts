/** What asking an account has shown. */
import { z } from "zod";

export const foundSchema = z.object({
  account: z.string(),
  /** Such as `volume`. */
  kind: z.string(),
  id: z.string(),
  name: z.string(),
  isBillable: z.boolean(),
  /** It goes without anybody's doing. */
  goesByItself: z.boolean().default(false),
  /** More for people: that it is in the trash, how to delete it. */
  note: z.string().default(""),
  /** Where the account states it. */
  monthly: z.object({ amount: z.number(), currency: z.string(), basis: z.string() }).optional(),
});
export type Found = z.infer<typeof foundSchema>;

export const surveySchema = z.discriminatedUnion("state", [
  z.object({
    account: z.string(),
    state: z.literal("asked"),
    /** What was listed, and by what a thing of this stack is known. */
    how: z.string(),
    /** Should not be there any more. */
    left: z.array(foundSchema),
    /** Is there because it is declared to stay. */
    kept: z.array(foundSchema),
  }),
  z.object({
    account: z.string(),
    state: z.literal("not checked"),
    why: z.string(),
    /** The stack had something there, so that the proof lacks it. */
    isNeeded: z.boolean(),
  }),
]);
export type Survey = z.infer<typeof surveySchema>;

/** An account that can be asked what it holds of a stack. */
export interface Account {
  readonly name: string;
  /** Resources of the engine that are made there. */
  readonly owns: (type: string) => boolean;
  /** The sentence why it can't be asked; undefined when it can. */
  readonly unavailable: string | undefined;
  /**
   * Erases what the stack has thrown away and the account still keeps, and bills. Only where there is
   * such a place.
   *
   * @returns its names
   * @throws anything that goes wrong on the way
   */
  emptyTrash?(known: Known): Promise<string[]>;
  /** @throws anything that goes wrong on the way */
  ask(known: Known): Promise<Omit<Extract<Survey, { state: "asked" }>, "state" | "account">>;
}

/** What of a stack the engine still knows, and is meant to. */
export interface Known {
  readonly project: string;
  readonly stack: string;
  /** Ids and names of what stays. */
  readonly kept: ReadonlySet<string>;
}

/**
 * Asks each account. One that can't be asked, or fails, is told as not checked: the proof then says
 * so, rather than that nothing is there.
 *
 * @param types Resource types that the stack has had
 */
export async function surveyAccounts(
  accounts: readonly Account[],
  known: Known,
  types: readonly string[],
): Promise<Survey[]> {
  return Promise.all(
    accounts.map(async ({ name, owns, unavailable, ...account }): Promise<Survey> => {
      const isNeeded = types.some(owns);
      const notChecked = (why: string) => ({
        account: name,
        state: "not checked" as const,
        why,
        isNeeded,
      });
      if (unavailable !== undefined) return notChecked(unavailable);
      try {
        return { account: name, state: "asked", ...(await account.ask(known)) };
      } catch (error) {
        return notChecked(error instanceof Error ? error.message : String(error));
      }
    }),
  );
}
