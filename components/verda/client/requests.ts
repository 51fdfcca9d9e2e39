/** Bodies that the client sends, in the API's spelling. */

/** What becomes of a spot machine's disk when it is taken back; the default keeps it, billed. */
interface SpotEnd {
  readonly on_spot_discontinue?: "keep_detached" | "move_to_trash" | "delete_permanently";
}

export interface CreateInstance {
  readonly instance_type: string;
  readonly image: string;
  readonly hostname: string;
  readonly description: string;
  readonly location_code: string;
  readonly ssh_key_ids: readonly string[];
  readonly startup_script_id?: string;
  readonly os_volume?: SpotEnd & { readonly name: string; readonly size: number };
  readonly volumes: readonly (SpotEnd & {
    readonly name: string;
    readonly size: number;
    readonly type: string;
  })[];
  readonly existing_volumes: readonly string[];
  readonly is_spot: boolean;
}

export interface InstanceAction {
  readonly id: string;
  readonly action: "start" | "shutdown" | "delete";
  /** Of `delete`: these are deleted, all others are detached. */
  readonly volume_ids?: readonly string[];
  /** With `volume_ids`: erased at once, not moved to the trash. */
  readonly delete_permanently?: boolean;
}

export interface CreateVolume {
  readonly type: string;
  readonly location_code: string;
  readonly name: string;
  /** GB */
  readonly size: number;
}

export type VolumeAction =
  | { readonly id: string; readonly action: "attach" | "detach"; readonly instance_id: string }
  | { readonly id: string; readonly action: "rename"; readonly name: string }
  | { readonly id: string; readonly action: "resize"; readonly size: number };

export interface ScalingBody {
  readonly min_replica_count: number;
  readonly max_replica_count: number;
  readonly [name: string]: unknown;
}

export interface PatchDeployment {
  readonly is_spot?: boolean;
  readonly compute?: { readonly name: string; readonly size: number };
  readonly container_registry_settings?: object;
  readonly containers?: readonly object[];
}

export interface CreateDeployment extends Required<PatchDeployment> {
  readonly name: string;
  readonly scaling: ScalingBody;
}
