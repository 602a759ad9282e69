/**
 * This file is the way of whole states between simulated machines, chunk by chunk: requests beside the streams, each of which may be
 * lost, or answered in vain, or come again much later. Now and then all that was sent of a state comes again.
 */
import type { ChunkAnswer, ChunkHeader } from "../../../src/node/snapshots/snapshot-transfer.ts";
import type { NodeId } from "../../../src/raft/types.ts";
import type { CallsWorld } from "./cluster-calls.ts";
import type { Process } from "./node-world.ts";
import type { SimNode } from "./sim-node.ts";
import type { StreamCalls } from "./stream-calls.ts";

/** A chunk on its way. `enter` runs something in the process that sent it, unless that is gone. */
export type ChunkCall = {
  readonly from: SimNode;
  readonly sender: Process;
  readonly to: NodeId;
  readonly header: ChunkHeader;
  readonly chunk: Uint8Array;
  readonly timeoutMs: number;
  readonly enter: (act: () => void) => void;
};

type Parcel = Pick<ChunkCall, "from" | "sender" | "to" | "header" | "chunk">;

/** How likely, while faults last. */
const rates = { lost: 0.03, repeated: 0.03, stateRepeated: 0.2, slow: 0.3 };

/** The way of all chunks of a cluster. */
export class SnapshotLink {
  readonly counts = {
    snapshotsRepeated: 0,
    chunksLost: 0,
    chunkAnswersLost: 0,
    chunksRepeated: 0,
    chunksRefused: 0,
    transfersBegunAnew: 0,
  };
  readonly #world: CallsWorld;
  readonly #streams: StreamCalls;
  /** Of transfers that will come again: what was sent of each. */
  readonly #kept = new Map<string, Uint8Array[]>();
  /** How long a chunk of a transfer takes one way, on average. */
  readonly #paceMs = new Map<string, number>();

  constructor(world: CallsWorld, streams: StreamCalls) {
    this.#world = world;
    this.#streams = streams;
  }

  /** As the channel of the production transport: rejects when there is no answer within the time. */
  send(call: ChunkCall): Promise<ChunkAnswer> {
    return new Promise((resolve, reject) => {
      const { scheduler, streams, isCalm } = this.#world;
      const random = streams.net;
      this.#beforeFirst(call);
      let ended = false;
      const end = (act: () => void): void => {
        if (ended) return;
        ended = true;
        scheduler.cancel(timeout);
        call.enter(act);
      };
      const fail = (why: string): void => end(() => reject(new Error(why)));
      const timeout = scheduler.after(call.timeoutMs, () => fail("no answer in time"));
      this.#keep(call);
      if (!isCalm() && random.chance(rates.repeated)) this.#repeatLater(call);
      if (this.#isLost(call.from, this.#world.machineOf(call.to))) {
        this.counts.chunksLost++;
        // A connection may be refused at once, or nobody may say anything.
        if (random.chance(0.5)) scheduler.after(random.exponential(5), () => fail("not connected"));
        return;
      }
      scheduler.after(this.#delayMs(call), () =>
        this.#arrive(call, (answer, by) => {
          if (this.#isLost(by, call.from)) {
            this.counts.chunkAnswersLost++;
            return;
          }
          scheduler.after(this.#delayMs(call), () => end(() => resolve(answer)));
        }),
      );
    });
  }

  #beforeFirst({ header: { transferId } }: Parcel): void {
    if (this.#paceMs.has(transferId)) return;
    const { streams, isCalm } = this.#world;
    const isSlow = !isCalm() && streams.net.chance(rates.slow);
    this.#paceMs.set(transferId, streams.net.magnitude(1, isSlow ? 1000 : 30));
    if (!isCalm() && streams.net.chance(rates.stateRepeated)) this.#kept.set(transferId, []);
  }

  #delayMs({ header }: Parcel): number {
    const { streams, isCalm } = this.#world;
    return streams.net.exponential(isCalm() ? 1 : (this.#paceMs.get(header.transferId) ?? 1));
  }

  #isLost(from: SimNode, to: SimNode): boolean {
    const { network, isCalm, streams } = this.#world;
    return network().isBlocked(from.index, to.index) || (!isCalm() && streams.net.chance(rates.lost));
  }

  /** The chunk reaches whoever is at the address, if that one hears the sender; `answered` with what it says, and who it is. */
  #arrive(parcel: Parcel, answered: (answer: ChunkAnswer, by: SimNode) => void): void {
    const { from, header } = parcel;
    const to = this.#world.machineOf(parcel.to);
    const { process } = to;
    if (process === null || to.deaf || this.#world.network().isBlocked(from.index, to.index)) return;
    const answer = (answer: ChunkAnswer): void => {
      if (!process.alive) return;
      if (answer.kind === "refused") this.counts.chunksRefused++;
      else if (answer.sequence === 0 && header.sequence > 0) this.counts.transfersBegunAnew++;
      answered(answer, to);
    };
    to.enter(process, () => {
      if (this.#isLetIn(parcel, to, process)) process.transfer.receive(from.id, parcel, answer);
    });
  }

  /** Each chunk is a call of its own. What a process sent that is gone may still arrive where its stream stood. */
  #isLetIn({ from, sender }: Parcel, to: SimNode, process: Process): boolean {
    if (!sender.alive) return process.links.hears(sender.run);
    if (this.#streams.judge(to, process, sender.run)?.kind !== "admitted") return false;
    // Who calls looks at who answers.
    return (
      !sender.alive || sender.links.isOpenTo(process.run) || this.#streams.judge(from, sender, process.run)?.kind === "admitted"
    );
  }

  #repeatLater(parcel: Parcel): void {
    const { scheduler, streams } = this.#world;
    scheduler.after(streams.net.magnitude(10, 10_000), () =>
      this.#arrive(parcel, () => {
        this.counts.chunksRepeated++;
      }),
    );
  }

  /** The last chunk is the only one whose answer can say that the state is whole: then it comes again. */
  #keep(call: ChunkCall): void {
    const { transferId, sequence } = call.header;
    const chunks = this.#kept.get(transferId);
    if (chunks === undefined) return;
    chunks[sequence] = call.chunk;
    if (sequence > 0) return;
    const { scheduler, streams } = this.#world;
    scheduler.after(streams.net.magnitude(10, 10_000), () => this.#repeatState(call, chunks, 0));
  }

  #repeatState(parcel: Parcel, chunks: readonly Uint8Array[], sequence: number): void {
    const chunk = chunks[sequence];
    if (chunk === undefined) return;
    const { scheduler, streams } = this.#world;
    this.#arrive({ ...parcel, header: { ...parcel.header, sequence }, chunk }, (answer) => {
      if (answer.kind === "refused") return;
      if (answer.complete) this.counts.snapshotsRepeated++;
      else if (answer.sequence === sequence + 1)
        scheduler.after(streams.net.exponential(1), () => this.#repeatState(parcel, chunks, sequence + 1));
    });
  }
}
