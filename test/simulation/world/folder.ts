/**
 * This file is the data folder of a machine beside the store itself: what it has agreed to, which runs it had, and
 * which starts of others it remembers. A folder can be copied; what the copy does not know is what happened afterwards.
 */
import type { Standing } from "../../../src/bootstrap/formation.ts";
import type { NodeId } from "../../../src/raft/types.ts";
import { type FolderRuns, noRuns } from "../../../src/storage/folder-runs.ts";
import type { PeerStart } from "../../../src/storage/peer-starts-file.ts";
import type { InstanceSet } from "../../../src/transport/genesis.ts";
import type { DiskImage, DiskModel } from "./disk-model.ts";
import type { Promised } from "./node-world.ts";
import type { RandomStream } from "./random.ts";

/**
 * `own`: its node may serve. `second`: made before anybody served, in the place of another. `replacement`: empty, where another one is
 * known. `copy`: of a state that others have moved on from.
 */
export type FolderNature = "own" | "second" | "replacement" | "copy";

/** The cluster that a folder belongs to. */
export type FolderCluster = { readonly clusterId: string; readonly first: InstanceSet };

/** What is in a folder, at one moment. */
export type FolderImage = {
  readonly instanceId: string;
  readonly standing: Standing;
  readonly cluster: FolderCluster | null;
  readonly line: FolderRuns;
  readonly promised: Promised;
  readonly known: ReadonlyMap<NodeId, PeerStart>;
  readonly disk: DiskImage;
};

/** As random as the real one is. */
export function newInstanceId(nodeId: string, random: RandomStream): string {
  return `${nodeId}-folder${random.integer(0, 0x7fff_ffff)}`;
}

/** The process dies at a write beside the store, before it is durable or after; it comes back after `downMs`. */
export class DiedAtWrite extends Error {
  readonly downMs: number;
  constructor(downMs: number) {
    super();
    this.downMs = downMs;
  }
}

/** One data folder, which can be copied. */
export class Folder {
  readonly instanceId: string;
  readonly disk: DiskModel;
  /** The truth, which no node can see. */
  readonly nature: FolderNature;
  standing: Standing = { kind: "new" };
  cluster: FolderCluster | null = null;
  line: FolderRuns = noRuns;
  readonly promised: Promised = { ms: 0 };
  known: ReadonlyMap<NodeId, PeerStart> = new Map();

  constructor(instanceId: string, disk: DiskModel, nature: FolderNature) {
    this.instanceId = instanceId;
    this.disk = disk;
    this.nature = nature;
  }

  /** What a backup made now holds: what is on disk, without the write that is under way. */
  image(): FolderImage {
    const { instanceId, standing, cluster, line } = this;
    return {
      instanceId,
      standing,
      cluster,
      line,
      promised: { ...this.promised },
      known: this.known,
      disk: this.disk.wholeImage(),
    };
  }

  /** A second folder with what `image` holds. */
  static copyOf(image: FolderImage, disk: DiskModel): Folder {
    const folder = new Folder(image.instanceId, disk, "copy");
    disk.load(image.disk);
    folder.standing = image.standing;
    folder.cluster = image.cluster;
    folder.line = image.line;
    folder.promised.ms = image.promised.ms;
    folder.known = image.known;
    return folder;
  }
}
