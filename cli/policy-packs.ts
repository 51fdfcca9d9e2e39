/** The rules that every preview and up has to pass. */
import path from "node:path";
import { repository } from "../components/installation.ts";

export const policyPacks = (): string[] => [path.join(repository, "policies")];
