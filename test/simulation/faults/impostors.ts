/**
 * This file is machines that pretend to be a node of the cluster: an empty folder in the place of a lost one, a folder that was
 * put back from a backup, a second copy of one that lives. Nobody may believe them, and each must be told to stop.
 */
import { admissionsWanted } from "../../../src/bootstrap/starts.ts";
import type { Message } from "../../../src/raft/types.ts";
import type { Admission } from "../../../src/transport/claim.ts";
import type { Report } from "../checks/finding.ts";
import type { DiskModel } from "../world/disk-model.ts";
import { Folder, type FolderImage, newInstanceId } from "../world/folder.ts";
import type { NodeWorld } from "../world/node-world.ts";
import type { SimRun } from "../world/peer-links.ts";
import type { RandomStream } from "../world/random.ts";
import { SimNode } from "../world/sim-node.ts";

/** In one run; a network is made for so many machines more. */
export const impostorsMax = 4;
const backupsMax = 3;

/** What impostors use of their run. */
export type ImpostorWorld = {
  readonly nodes: readonly SimNode[];
  readonly nodeWorld: NodeWorld<SimNode>;
  readonly random: RandomStream;
  /** Whether the others can go on without `node` until it has heard of them again. */
  readonly mayForget: (node: SimNode) => boolean;
  readonly tell: (line: string) => void;
  readonly report: Report;
};

type Impostor = {
  readonly node: SimNode;
  readonly of: SimNode;
  readonly kind: "replacement" | "restored" | "clone" | "oldClone";
};

/** The impostors of one cluster. */
export class Impostors {
  readonly counts: Record<string, number> = {};
  readonly #world: ImpostorWorld;
  readonly #all: Impostor[] = [];
  /** Who has lost what it remembered, until it knows again of all. */
  #forgetful: SimNode | null = null;
  readonly #backups: { readonly of: SimNode; readonly image: FolderImage }[] = [];

  constructor(world: ImpostorWorld) {
    this.#world = world;
  }

  /** Those that have not been told to stop. */
  get pretending(): readonly SimNode[] {
    return this.#all.filter(({ node }) => !node.gone).map(({ node }) => node);
  }

  /**
   * Those of them that must be told. A replacement begins by asking the first members; where none of them is left it waits for
   * ever, takes part in nothing, and nobody promises to tell it.
   */
  get untold(): readonly SimNode[] {
    const mustBeTold = ({ node, of, kind }: Impostor) => !node.gone && (kind !== "replacement" || this.#hasWhomToAsk(of));
    return this.#all.filter(mustBeTold).map(({ node }) => node);
  }

  /** The machine with that number beyond those of the cluster. */
  machine(index: number): SimNode | undefined {
    return this.#all.find(({ node }) => node.index === index)?.node;
  }

  /** The machine that listens at the address of `node`: the node itself, or what was put in its place. */
  listeningFor(node: SimNode): SimNode {
    if (!node.gone) return node;
    return this.#all.findLast(({ of, kind }) => of === node && (kind === "replacement" || kind === "restored"))?.node ?? node;
  }

  isImpostor(node: SimNode): boolean {
    return this.#all.some((one) => one.node === node);
  }

  /**
   * Whether `node` has lost what it remembered of the starts of others, and does not know all again: as long as it hears of too few,
   * nobody can count on it to let in another run.
   */
  isForgetful(node: SimNode): boolean {
    if (this.#forgetful !== node) return false;
    const { process, folder } = node;
    const others = this.#world.nodes.filter((other) => other !== node && !other.gone && process?.service.isMember(other.id));
    if (process !== null && others.every(({ id }) => folder.known.get(id)?.vouched === true)) this.#forgetful = null;
    return this.#forgetful === node;
  }

  backUp(node: SimNode): void {
    if (node.gone || node.folder.cluster === null) return;
    if (this.#backups.length >= backupsMax) this.#backups.shift();
    this.#backups.push({ of: node, image: node.folder.image() });
    this.#count("backups");
  }

  /** The lost disk of `node` was replaced by an empty one. */
  replace(node: SimNode): void {
    const { nodeWorld } = this.#world;
    const instanceId = newInstanceId(node.id, nodeWorld.streams.folders);
    this.#add("replacement", node, (disk) => new Folder(instanceId, disk, "replacement"));
  }

  /** Whether a backup of `node` is there that everybody who is asked must recognize as old. */
  canRestore(node: SimNode): boolean {
    return this.#oldBackup(node) !== undefined;
  }

  /** `node` is gone, and a backup takes its place. */
  restore(node: SimNode): void {
    const backup = this.#oldBackup(node);
    if (backup !== undefined) this.#add("restored", node, (disk) => Folder.copyOf(backup, disk));
  }

  /** Starts a second process on a copy of the folder, an old one or that of this moment. */
  clone(node: SimNode): void {
    if (node.gone || node.process === null) return;
    const old = this.#world.random.chance(0.5) ? this.#oldBackup(node) : undefined;
    const image = old ?? node.folder.image();
    this.#add(old === undefined ? "clone" : "oldClone", node, (disk) => Folder.copyOf(image, disk));
  }

  /**
   * Nobody promises to notice the second copy of a folder where the first one is not connected, or an old one in a cluster of one
   * where its later starts were never met. The one who made it is lucky then, and it ends before it is heard.
   */
  isUnseen(run: SimRun, by: SimNode): boolean {
    const impostor = this.#impostorOf(run);
    if (impostor === undefined || impostor.kind === "replacement") return false;
    const isSeen =
      impostor.kind === "clone"
        ? this.#world.nodeWorld.calls().isLinked(run, by)
        : by.folder.known.has(impostor.of.id) || needsOthers(by);
    if (isSeen) return false;
    if (!impostor.node.gone) this.#count("clonesUnseen");
    impostor.node.retire();
    return true;
  }

  /** Who cannot tell a copy from the node, as one that has just joined, may let it in, and does not count for it then. */
  onVerdict(by: SimNode, run: SimRun, admission: Admission): void {
    if (admission.kind === "refused") {
      this.#count(`refused.${admission.code}`);
      return;
    }
    const impostor = this.#impostorOf(run);
    if (impostor === undefined || this.isImpostor(by)) return;
    if (!admission.counts) this.#count("letInUncounted");
    else
      this.#world.report(
        "copies kept out",
        `${by.id} lets in a ${impostor.kind} of ${impostor.of.id} (${run.instanceId} start ${run.start})`,
      );
  }

  /** A run that is one of a copy says something. */
  onSpoken(node: SimNode, { kind, to }: Message): void {
    if (needsOthers(node)) this.#world.report("copies kept out", `a copy of ${node.id} (${node.index}) says ${kind} to ${to}`);
  }

  #impostorOf({ index }: SimRun): Impostor | undefined {
    return this.#all.find(({ node }) => node.index === index);
  }

  #hasWhomToAsk(node: SimNode): boolean {
    const { nodes, nodeWorld } = this.#world;
    const isFirst = ({ id }: SimNode) => nodeWorld.firstMembers.some((member) => member.id === id);
    return !isFirst(node) || nodes.some((other) => other !== node && !other.gone && isFirst(other));
  }

  #oldBackup(node: SimNode): FolderImage | undefined {
    const others = this.#world.nodes.filter((other) => other !== node && !other.gone && other.folder.cluster !== null);
    const isOld = (image: FolderImage): boolean =>
      others.every(({ folder }) => {
        const known = folder.known.get(node.id);
        return known !== undefined && known.instanceId === image.instanceId && !runsOf(image).includes(known.runId);
      });
    return this.#backups.find(({ of, image }) => of === node && isOld(image))?.image;
  }

  #add(kind: Impostor["kind"], of: SimNode, folderOf: (disk: DiskModel) => Folder): void {
    const { nodes, nodeWorld, tell, random } = this.#world;
    if (this.#all.length >= impostorsMax) return;
    this.#count(`made.${kind}`);
    const index = nodes.length + this.#all.length;
    const node = new SimNode(index, of.id, nodeWorld, folderOf);
    this.#all.push({ node, of, kind });
    tell(`a ${kind} of ${of.id} is put in as ${index}: ${node.folder.instanceId} after ${node.folder.line.runs.length} runs`);
    const startsInMs = random.magnitude(20, 2000);
    nodeWorld.scheduler.after(startsInMs, () => {
      if (!node.gone && !node.up) node.start();
    });
    if ((kind === "restored" || kind === "oldClone") && random.chance(0.7)) this.#forget(of, startsInMs);
  }

  /** One member comes up about when a copy of `of` does, without what it remembered of the starts of others: as one that has just joined. */
  #forget(of: SimNode, inMs: number): void {
    const { nodes, nodeWorld, random, tell } = this.#world;
    const others = nodes.filter((node) => node !== of && node.alive);
    if (others.length === 0) return;
    const forgetful = random.pick(others);
    nodeWorld.scheduler.after(inMs - random.between(0, 20), () => {
      if (!forgetful.alive || !nodeWorld.strikes() || !this.#world.mayForget(forgetful)) return;
      this.#count("forgot");
      tell(`${forgetful.id} loses what it remembers of the starts of others`);
      forgetful.crash({ downMs: random.magnitude(1, 20) });
      forgetful.folder.known = new Map();
      this.#forgetful = forgetful;
    });
  }

  #count(name: string): void {
    const key = `impostors.${name}`;
    this.counts[key] = (this.counts[key] ?? 0) + 1;
  }
}

function runsOf({ line }: FolderImage): readonly string[] {
  return line.runs.map(({ runId }) => runId);
}

/** Whether a run must be let in by others before it says anything, as far as that node knows. */
function needsOthers({ process }: SimNode): boolean {
  return process !== null && admissionsWanted(process.service.membership()) > 0;
}
