/**
 * This file tells a node from copies of it: each process on a data folder is a run with a random id, and names the runs of the folder
 * that it descends from. Peers remember the last run that they let in, so that an older copy (a restored backup) and a second copy
 * that lives are noticed: neither descends from it. Pure: who uses it keeps what is to be remembered, durably, before the call of a
 * newer run is accepted.
 *
 * No number tells a copy, however often it is started: its line goes on from the moment when it was made, and what the folder did
 * afterwards is never in it. A run is in the line of its folder durably before anybody hears of it, so whichever run a peer remembers, a
 * later one of the same folder names it, also if the peer's answer was never heard. The line is bounded: of runs that were let in,
 * the oldest are left out, and who remembers one of those goes by the number, which only runs that were let in raise.
 *
 * Who may let a run in. The folder itself remembers nothing of a run that came after its copy, so the others must. A run says nothing
 * to anybody before a majority, itself counted, has let it in; and each node tells those that it talks to which starts it has seen, before
 * anything else, and again when it has seen more. So when a newer run has voted or acknowledged, at least half of the others know it
 * (rounded down), and so does everybody to whom one of them has spoken since. An older run that votes or acknowledges later was let
 * in by as many others, of whom none was spoken to by one of those: the two parts had no contact in all that time.
 *
 * Nothing can do better and let a majority that lives go on. Let P be known to A and B of five nodes, and C and D be cut off; let N, the next
 * start of E's folder, be let in by C and D while A and B are cut off; and let then C and D be cut off again. If the folder is put back
 * to the end of P, its next start looks to A and B like the first one after P. They are a majority with it, as they would be if N
 * had never been, and to wait for C and D would stop a cluster that Raft keeps going.
 */
import type { Membership, NodeId } from "../raft/types.ts";

/** The last start of a peer that was let in. */
export type KnownStart = {
  readonly instanceId: string;
  /** One more than that of the last run of the folder before this one that somebody let in. */
  readonly start: number;
  readonly runId: string;
  /** The runs of the folder before this one, except those that are forgotten. */
  readonly ancestors: readonly string[];
  /** Of runs that were let in, those up to this number are not among the ancestors any more. */
  readonly forgotten: number;
};

/** What a node says of itself when it calls or answers. */
export type StartClaim = KnownStart & { readonly nodeId: NodeId };

export type StartSituation = {
  /** A stream of that node stands here, under another run than the claim's, and was heard within the peer timeout. */
  readonly alive: boolean;
  /** The instance that the replicated state has for that id; undefined when it has none. */
  readonly instanceId: string | undefined;
  /** On a clock that does not fall. */
  readonly nowMs: number;
};

export type StartRefusalCode = "instance_mismatch" | "start_outdated" | "start_duplicate" | "start_contested";

export type StartVerdict =
  /** `remember`: to be kept durably before the claim is believed; null when it is known already. */
  | { readonly kind: "admitted"; readonly remember: KnownStart | null }
  /** `forGood`: the same run will never be let in. */
  | { readonly kind: "refused"; readonly forGood: boolean; readonly code: StartRefusalCode; readonly detail: string };

/** Runs of one node that are remembered while they knock beside a living one. */
const contestantsMax = 64;

/** What one node remembers of the others. */
export class StartRegister {
  #known: ReadonlyMap<NodeId, KnownStart>;
  /** By run: since when a newer start knocks while the older one lives. */
  readonly #contested = new Map<NodeId, Map<string, number>>();
  readonly #patienceMs: number;

  /**
   * `known` is what was remembered before this start. A newer start that is seen beside a living older one is told to stop after
   * `patienceMs`: several times what a broken connection needs to be noticed, so that a restarted node never has to wait as long.
   */
  constructor(known: ReadonlyMap<NodeId, KnownStart>, options: { readonly patienceMs: number }) {
    this.#known = new Map(known);
    this.#patienceMs = options.patienceMs;
  }

  get known(): ReadonlyMap<NodeId, KnownStart> {
    return this.#known;
  }

  /** Whether the node may speak. Changes nothing that lasts: `remember` does. */
  judge(claim: StartClaim, situation: StartSituation): StartVerdict {
    const { nodeId, instanceId, start, runId } = claim;
    const known = this.#known.get(nodeId);
    const expected = situation.instanceId ?? known?.instanceId;
    if (expected !== undefined && expected !== instanceId) {
      return refusal("instance_mismatch", `${nodeId} is known with another data folder`);
    }
    // A start of a folder that this id does not have any more says nothing about the one that it has.
    if (known === undefined || known.instanceId !== instanceId) return this.#unlessContested(claim, situation);
    if (known.runId === runId) return { kind: "admitted", remember: null };
    if (descends(claim, known)) return this.#unlessContested(claim, situation);
    if (descends(known, claim) || start < known.start) return refusal("start_outdated", outdatedDetail(claim, known));
    const detail = `run ${known.runId} was seen on the data folder of ${nodeId}, and run ${runId} does not descend from it`;
    return refusal("start_duplicate", detail);
  }

  /** Whether what another node says of a start is news: one that takes the place of that known here, of the folder that the id has. */
  isNews(claim: StartClaim, situation: Pick<StartSituation, "instanceId">): boolean {
    const { nodeId, instanceId } = claim;
    const known = this.#known.get(nodeId);
    const expected = situation.instanceId ?? known?.instanceId;
    if (expected !== undefined && expected !== instanceId) return false;
    return known === undefined || known.instanceId !== instanceId || supersedes(claim, known);
  }

  /** To be called once the claim is kept durably. */
  remember(nodeId: NodeId, known: KnownStart): void {
    this.#known = new Map(this.#known).set(nodeId, known);
  }

  #unlessContested({ nodeId, ...claimed }: StartClaim, { alive, nowMs }: StartSituation): StartVerdict {
    const { runId } = claimed;
    if (!alive) {
      this.#contested.delete(nodeId);
      return { kind: "admitted", remember: claimed };
    }
    const contested = this.#contested.get(nodeId) ?? new Map<string, number>();
    this.#contested.set(nodeId, contested);
    const sinceMs = contested.get(runId) ?? nowMs;
    // Several copies may knock in turn. Whoever comes after more than anybody makes by accident waits until one has gone.
    if (contested.size < contestantsMax) contested.set(runId, sinceMs);
    if (nowMs - sinceMs >= this.#patienceMs) {
      return refusal("start_duplicate", `${nodeId} lives in another process, so the data folder of this one is a copy`);
    }
    const detail = `${nodeId} was heard a moment ago in an earlier start of its data folder`;
    return { kind: "refused", forGood: false, code: "start_contested", detail };
  }
}

/** Whether `later` is a run that came after `earlier` on the same folder, which is not a copy of the one that `earlier` had. */
function descends(later: KnownStart, earlier: KnownStart): boolean {
  if (later.ancestors.includes(earlier.runId)) return true;
  // Further back than is told: the number was raised by runs that were let in, and by nothing else.
  return earlier.start <= later.forgotten;
}

/**
 * Whether a run that a member has let in takes the place of another one. Where neither descends from the other, one of them is a copy, and
 * nobody can tell which; so that no two go on, the one does that was let in more often since.
 */
export function supersedes(reported: KnownStart, known: KnownStart): boolean {
  if (reported.runId === known.runId || descends(known, reported)) return false;
  return descends(reported, known) || reported.start > known.start;
}

/** Why the run `claim` is one of an older copy, where `seen` was seen. */
export function outdatedDetail(claim: StartClaim, seen: KnownStart): string {
  const { nodeId, runId, start } = claim;
  return `this is start ${start} (run ${runId}) of the data folder of ${nodeId}, and a later one was seen, start ${seen.start} (run ${seen.runId})`;
}

/** How many other nodes must have let a run in before it says anything: with itself, a majority of each half. */
export function admissionsWanted({ voters, votersOutgoing }: Pick<Membership, "voters" | "votersOutgoing">): number {
  return Math.max(Math.floor(voters.length / 2), Math.floor(votersOutgoing.length / 2));
}

/** What a person reads whose node was refused for good by `by`. */
export function refusedStartAdvice(self: string, by: string, detail: string): string {
  return (
    `${by} refuses this node: ${detail}. Each data folder may run once, and never from a copy: a copy has forgotten what ${self} promised ` +
    `after it was made. If ${self} runs elsewhere, leave it there and delete this folder. If it does not, remove ${self} from the cluster, and add ` +
    "this node under an id that was never used, with an empty folder"
  );
}

function refusal(code: StartRefusalCode, detail: string): StartVerdict {
  return { kind: "refused", forGood: true, code, detail };
}
