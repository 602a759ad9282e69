/**
 * This file distinguishes a node from copies of its folder (DECISIONS 22, 46, 54): each process on a data folder is a run with a random id,
 * and names the runs of the folder that it descends from. Peers remember the last run that they let in, so that an older copy (a restored
 * backup) and a second copy that runs at the same time are noticed: neither descends from it. Pure: the caller makes what is to be
 * remembered durable before it accepts the call of a newer run.
 *
 * By the numbers of starts alone, a copy that is started often would not be recognized. The line of a copy continues from the moment when
 * it was made, and never contains what the folder did afterwards. A run is in the line of its folder durably before it calls another
 * node, so whichever run a peer remembers, a later one of the same folder names it, also if the peer's answer was lost. The line is
 * bounded: of runs that were let in, the oldest are left out, and a peer that remembers one of those compares the numbers, which only
 * runs that were let in raise.
 *
 * Who may let a run in. The folder itself has no memory of runs after its copy was made, so the other nodes must have it. A run sends no
 * message before a majority, itself included, has let it in; and each node reports to its peers which starts it has seen, before
 * any other message, and again when it has seen more. So when a newer run has voted or acknowledged, at least half of the others know it
 * (rounded down), and so does every node that received a message of one of them since. An older run that votes or acknowledges later
 * was let in by as many others, none of which had received a message from one of those: the two parts had no contact in all that time.
 *
 * No rule can do better and let a living majority go on. Let P (a run) be known to A and B of five nodes, and C and D be cut off; let N,
 * the next start of E's folder, be let in by C and D while A and B are cut off; and let then C and D be cut off again. If the folder is
 * put back to the end of P, its next start looks to A and B like the first one after P. They are a majority with it, as they would be if
 * N had never been, and to wait for C and D would stop a cluster that Raft keeps going.
 */
import type { Membership, NodeId } from "../raft/types.ts";

/** The last start of a peer that was let in. */
export type KnownStart = {
  readonly instanceId: string;
  /** One more than the number of the folder's last run before this one that a node let in. */
  readonly start: number;
  readonly runId: string;
  /** The runs of the folder before this one, except those that are forgotten. */
  readonly ancestors: readonly string[];
  /** Runs that were let in, up to this number, are not among the ancestors any more. */
  readonly forgotten: number;
};

/** What a node claims when it calls or answers. */
export type StartClaim = KnownStart & { readonly nodeId: NodeId };

/** What the judging node knows besides the claim. */
export type StartSituation = {
  /** Whether that node has an open stream here from another run than the claim's, which was active within the peer timeout. */
  readonly alive: boolean;
  /** The instance that the replicated state has for that id; undefined when it has none. */
  readonly instanceId: string | undefined;
  /** Milliseconds on a clock that never falls. */
  readonly nowMs: number;
};

/** Codes of refusals, as the refused caller and the log see them. */
export type StartRefusalCode = "instance_mismatch" | "start_outdated" | "start_duplicate" | "start_contested";

/** Whether a run is let in. */
export type StartVerdict =
  /** `remember` must be durable before the claim is accepted; null when it is known already. */
  | { readonly kind: "admitted"; readonly remember: KnownStart | null }
  /** `forGood`: the same run will never be let in. */
  | { readonly kind: "refused"; readonly forGood: boolean; readonly code: StartRefusalCode; readonly detail: string };

/** Runs of one node that are remembered while they call beside a living one. */
const contestantsMax = 64;

/** What one node remembers of the others. */
export class StartRegister {
  #known: ReadonlyMap<NodeId, KnownStart>;
  /** By run: since when a newer start calls while the older one is alive. */
  readonly #contested = new Map<NodeId, Map<string, number>>();
  readonly #patienceMs: number;

  /**
   * `known` is what was remembered before this start. A newer start that calls while an older one is alive is refused for good after
   * `patienceMs`: several times what a broken connection needs to be noticed, so that this never happens to a restarted node.
   */
  constructor(known: ReadonlyMap<NodeId, KnownStart>, options: { readonly patienceMs: number }) {
    this.#known = new Map(known);
    this.#patienceMs = options.patienceMs;
  }

  get known(): ReadonlyMap<NodeId, KnownStart> {
    return this.#known;
  }

  /** Whether the run is let in. Only `remember` changes what is remembered. */
  judge(claim: StartClaim, situation: StartSituation): StartVerdict {
    const { nodeId, instanceId, start, runId } = claim;
    const known = this.#known.get(nodeId);
    const expected = situation.instanceId ?? known?.instanceId;
    if (expected !== undefined && expected !== instanceId) {
      return refusal("instance_mismatch", `${nodeId} is known with another data folder`);
    }
    // A remembered start of an older folder of this id proves nothing about the present one.
    if (known === undefined || known.instanceId !== instanceId) return this.#unlessContested(claim, situation);
    if (known.runId === runId) return { kind: "admitted", remember: null };
    if (descends(claim, known)) return this.#unlessContested(claim, situation);
    if (descends(known, claim) || start < known.start) return refusal("start_outdated", outdatedDetail(claim, known));
    const detail = `run ${known.runId} was seen on the data folder of ${nodeId}, and run ${runId} does not descend from it`;
    return refusal("start_duplicate", detail);
  }

  /** Whether another node's report of a start is new: it supersedes the start known here, on the folder that the id has. */
  isNews(claim: StartClaim, situation: Pick<StartSituation, "instanceId">): boolean {
    const { nodeId, instanceId } = claim;
    const known = this.#known.get(nodeId);
    const expected = situation.instanceId ?? known?.instanceId;
    if (expected !== undefined && expected !== instanceId) return false;
    return known === undefined || known.instanceId !== instanceId || supersedes(claim, known);
  }

  /** To be called once the claim is durable. */
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
    // Several copies may call in turn. One that comes after more than anybody starts by accident waits until another has gone.
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
  // Further back than the list of ancestors: only runs that were let in raised the number.
  return earlier.start <= later.forgotten;
}

/**
 * Whether a run that a member has let in takes the place of another one. If neither descends from the other, one of them is a copy, and
 * it cannot be known which; the one that was let in more often since goes on, so that not both do.
 */
export function supersedes(reported: KnownStart, known: KnownStart): boolean {
  if (reported.runId === known.runId || descends(known, reported)) return false;
  return descends(reported, known) || reported.start > known.start;
}

/** Says that the run `claim` is one of an older copy, because `seen` was seen. */
export function outdatedDetail(claim: StartClaim, seen: KnownStart): string {
  const { nodeId, runId, start } = claim;
  return `this is start ${start} (run ${runId}) of the data folder of ${nodeId}, and a later one was seen, start ${seen.start} (run ${seen.runId})`;
}

/** How many other nodes must let a run in before it sends messages: with itself, a majority of each half. */
export function admissionsWanted({ voters, votersOutgoing }: Pick<Membership, "voters" | "votersOutgoing">): number {
  return Math.max(Math.floor(voters.length / 2), Math.floor(votersOutgoing.length / 2));
}

/** Advice for the operator of a node that `by` has refused for good. */
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
