/**
 * A machine behind ssh, pretended on this one: `ssh` runs its command line here, and `docker run` runs
 * the backup script as the image would. What stops and starts is written down.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { script } from "./app-server-data.ts";

export class PretendedMachine {
  /** Goes before PATH. */
  readonly programs: string;
  readonly #running: string;
  readonly #log: string;

  /** @param containers that `docker ps` tells while nothing stopped them */
  constructor(folder: string, containers: readonly string[]) {
    this.programs = path.join(folder, "programs");
    this.#running = path.join(folder, "running");
    this.#log = path.join(folder, "docker.log");
    mkdirSync(this.programs);
    writeFileSync(this.#running, containers.map((name) => `${name}\n`).join(""));
    this.#program("ssh", 'for line; do :; done\nexec sh -c "$line"');
    this.#program("docker", DOCKER);
  }

  get environment(): Record<string, string> {
    return {
      PATH: `${this.programs}:${process.env.PATH ?? ""}`,
      PRETENDED_RUNNING: this.#running,
      PRETENDED_LOG: this.#log,
      PRETENDED_SCRIPT: script,
    };
  }

  /** What docker was asked to do, a line each. */
  get asked(): string[] {
    return existsSync(this.#log) ? readFileSync(this.#log, "utf8").trim().split("\n") : [];
  }

  #program(name: string, text: string): void {
    const file = path.join(this.programs, name);
    writeFileSync(file, `#!/bin/bash\n${text}\n`);
    chmodSync(file, 0o755);
  }
}

const DOCKER = String.raw`
printf '%s\n' "$*" >>"$PRETENDED_LOG"
case $1 in
  ps) cat "$PRETENDED_RUNNING" ;;
  stop) : >"$PRETENDED_RUNNING" ;;
  start) printf '%s\n' "\${@:2}" >"$PRETENDED_RUNNING" ;;
  run)
    # Only what the file of variables says reaches the container.
    variables=()
    while IFS= read -r line; do variables+=("$line"); done
    exec env -i PATH="$PATH" "\${variables[@]}" bash "$PRETENDED_SCRIPT" "\${@: -2}"
    ;;
  *) echo "docker $1 is not pretended" >&2; exit 1 ;;
esac`.replaceAll("\\${", "${");
