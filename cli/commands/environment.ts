/** Shell lines that make plain `pulumi` work on this checkout's stacks. */
import { engineEnvironment } from "../engine/environment.ts";

export function environment(): void {
  for (const [name, value] of Object.entries(engineEnvironment())) {
    console.log(`export ${name}='${value.replaceAll("'", `'\\''`)}'`);
  }
}
