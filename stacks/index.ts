/** Entry of plain `pulumi up`. */
import { program } from "./program.ts";

export const { platform, built } = program();
