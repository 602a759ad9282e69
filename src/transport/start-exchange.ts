/**
 * This file is what a node reports to others of the starts that it has seen, what they report, and when its own run may send messages: once
 * enough others have let it in. Starts are sent on each stream before anything else, and to all as soon as more is known.
 */
import type { NodeId } from "../raft/types.ts";
import type { Claim, SelfClaim, StartNews } from "./claim.ts";
import type { StartsReport } from "./starts-frame.ts";

/** What a node reports to another one: `counts` is about the start of that one, if it is among them. */
type StartsToSend = { readonly starts: ReadonlyMap<NodeId, SelfClaim>; readonly counts: boolean };

type StartExchangeOptions = {
  readonly nodeId: NodeId;
  /** The present run of this node. */
  readonly self: SelfClaim;
  /** What is sent and received; undefined: nothing is. */
  readonly starts: StartNews | undefined;
  /** The first other node has let this run in: to be kept durably before anything is sent. */
  readonly onAdmitted: () => void;
  /** Before so many other nodes have let this run in, nothing is sent. */
  readonly admissionsWanted: () => number;
  /** Those to whom a stream is kept. */
  readonly peers: () => Iterable<NodeId>;
  /** Sends it on the stream to `peer`, in order; lost while none is open, since it is sent again when one opens. */
  readonly send: (peer: NodeId, report: StartsToSend) => void;
  /** A later start of that node was seen elsewhere: an earlier run is not listened to any more. */
  readonly cut: (news: Claim) => void;
};

/** Of one run, from its start to its end. */
export class StartExchange {
  readonly #options: StartExchangeOptions;
  /** The nodes that have let this run in, and remember its start durably. */
  readonly #admittedBy = new Set<NodeId>();
  /** The starts that were sent last. */
  #sent: ReadonlyMap<NodeId, SelfClaim> = new Map();
  #speaks = false;

  constructor(options: StartExchangeOptions) {
    this.#options = options;
  }

  /** Whether messages may be sent. */
  maySpeak(): boolean {
    // For good: a leader that adds a member must be heard by it before that one can have let it in.
    this.#speaks ||= this.#admittedBy.size >= this.#options.admissionsWanted();
    return this.#speaks;
  }

  /** A stream to `peer` is open; `counts`: that one is among those that let this run in. To be called before any message on it. */
  opened(peer: NodeId, counts: boolean): void {
    if (counts) this.#countAdmission(peer);
    this.#sendTo(peer);
  }

  /** `from`, whose stream was admitted, reports which starts it knows. */
  receive(from: NodeId, { starts, counts }: StartsReport): void {
    const { nodeId, self } = this.#options;
    const isOurs = (named: Claim) =>
      named.nodeId === nodeId && named.instanceId === self.instanceId && named.runId === self.runId;
    // A node that let this run in earlier, without counting, counts now.
    if (counts && starts.some(isOurs)) this.#countAdmission(from);
    for (const news of this.#options.starts?.receive(from, starts) ?? []) this.#options.cut(news);
    this.sendNews();
  }

  /** To all, before anything else is said, when more is known than was sent. To be called after each admission. */
  sendNews(): void {
    const known = this.#options.starts?.known();
    if (known === undefined || known === this.#sent) return;
    this.#sent = known;
    this.sendAll();
  }

  /** To all, as it is: a receiver that did not know yet that this node is a member has ignored it. */
  sendAll(): void {
    for (const peer of this.#options.peers()) this.#sendTo(peer);
  }

  #countAdmission(by: NodeId): void {
    if (this.#admittedBy.size === 0) this.#options.onAdmitted();
    this.#admittedBy.add(by);
  }

  #sendTo(peer: NodeId): void {
    const { starts, send } = this.#options;
    if (starts !== undefined) send(peer, { starts: starts.known(), counts: starts.counts(peer) });
  }
}
