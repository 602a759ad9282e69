/**
 * This file runs the production transfer of states in a simulated process: on its disk, over the simulated network, by its clock.
 */
import type { Clock, Snapshots, Timers } from "../../../src/node/ports.ts";
import {
  type ChunkAnswer,
  type SnapshotChannel,
  SnapshotTransfer,
  type SnapshotTransferEvents,
  type SnapshotTransferOptions,
  type TransferEvent,
} from "../../../src/node/snapshots/snapshot-transfer.ts";
import type { NodeId } from "../../../src/raft/types.ts";
import type { RunOptions } from "../faults/plan.ts";
import type { DiskModel } from "./disk-model.ts";
import type { Scheduler } from "./scheduler.ts";
import type { ChunkCall } from "./snapshot-link.ts";
import { SimSnapshotStore } from "./snapshot-store.ts";

type TransferWorld = {
  readonly scheduler: Scheduler;
  readonly runId: string;
  readonly disk: DiskModel;
  readonly send: (call: Omit<ChunkCall, "from" | "sender">) => Promise<ChunkAnswer>;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Runs something in the process; never once it is gone. */
  readonly enter: (act: () => void) => void;
  readonly counts: { snapshotsSent: number; snapshotsLost: number };
};

/** Promises that follow from each other within the transfer, from one thing that the world does to the next. */
const chainMax = 32;

/** The transfer of states of one process. */
export class PlayedTransfer {
  readonly snapshots: Snapshots & Pick<SnapshotTransfer, "progress">;
  readonly #transfer: SnapshotTransfer;
  readonly #store: SimSnapshotStore;
  readonly #world: TransferWorld;
  /** A state that no transfer brought is offered to the node. */
  #isSmuggled = false;

  constructor(world: TransferWorld, options: RunOptions, events: Omit<SnapshotTransferEvents, "onEvent">) {
    this.#world = world;
    const { scheduler, disk, clock, timers } = world;
    const followed = (): void => scheduler.promised(chainMax);
    const enter = (act: () => void): void =>
      world.enter(() => {
        followed();
        act();
      });
    this.#store = new SimSnapshotStore(disk, () => new Promise((resolve) => disk.work(() => enter(resolve))));
    const channel: SnapshotChannel = {
      sendChunk: (to, header, chunk, timeoutMs) => world.send({ to, header, chunk, timeoutMs, enter }),
    };
    const ports = { store: this.#store, channel, clock, timers: { ...timers, after: following(timers, followed) } };
    this.#transfer = new SnapshotTransfer(transferOptions(options, world.runId), ports, {
      ...events,
      onEvent: (event) => this.#count(event),
    });
    this.snapshots = {
      send: (order, done) => {
        followed();
        this.#transfer.send(order, done);
      },
      settle: (taken) => {
        followed();
        if (this.#isSmuggled && !taken) disk.receive(null);
        this.#isSmuggled = false;
        this.#transfer.settle(taken);
      },
      progress: () => this.#transfer.progress(),
    };
  }

  /** States that are being read out. */
  get openSources(): number {
    return this.#store.openSources;
  }

  /** Whether a state is on its way in, or whole and not settled yet. */
  get isReceiving(): boolean {
    return this.#world.disk.received !== null || this.#transfer.progress().receiving !== null;
  }

  /** What the disk received did not come through the transfer. */
  smuggled(): void {
    this.#isSmuggled = true;
  }

  /** Called in the process. */
  receive(from: NodeId, { header, chunk }: Pick<ChunkCall, "header" | "chunk">, answered: (answer: ChunkAnswer) => void): void {
    this.#world.scheduler.promised(chainMax);
    void this.#transfer.receiveChunk(from, header, chunk).then(answered);
  }

  /** Called in the process, as the last of it. */
  close(): void {
    this.#world.scheduler.promised(chainMax);
    void this.#transfer.close();
  }

  #count(event: TransferEvent): void {
    const { counts } = this.#world;
    if (event.kind === "sendingStarted") counts.snapshotsSent++;
    if (event.kind === "sendingEnded" && event.reason !== null) counts.snapshotsLost++;
  }
}

function following(timers: Timers, followed: () => void): Timers["after"] {
  return (delayMs, run) =>
    timers.after(delayMs, () => {
      followed();
      run();
    });
}

/** Those of production, on the scale of a run: an election takes about as long as a few chunks. */
function transferOptions({ tickMs, electionTicks }: RunOptions, runId: string): SnapshotTransferOptions {
  const electionMs = tickMs * electionTicks;
  let transfers = 0;
  return {
    chunkBytesMax: 1,
    chunkTimeoutMs: 2 * electionMs,
    attemptsMax: 3,
    retryDelayMs: electionMs / 4,
    failureDelayMsMax: electionMs,
    transferMsMax: 30 * electionMs,
    idleMsMax: 10 * electionMs,
    receivedBytesMax: 1e6,
    newTransferId: () => `${runId}-${++transfers}`,
  };
}
