/**
 * This file runs drivers in memory: their turns, writes and messages happen one by one, when the test lets them. Snapshots
 * travel when the test says so.
 */
import type { CommandBody } from "../../src/machine/command.ts";
import { Driver } from "../../src/node/driver.ts";
import type { Network, Snapshots } from "../../src/node/ports.ts";
import type { ProposalEnd } from "../../src/node/writes/proposals.ts";
import { type SoftwareVersion, softwareVersion } from "../../src/node/writes/version-gate.ts";
import { type Membership, type NodeId, type Term, toNodeId } from "../../src/raft/types.ts";
import { MemoryHub } from "../contracts/memory-network.ts";
import { type DurableImage, emptyImage, type MemorySnapshot, MemoryStorage } from "../contracts/memory-storage.ts";
import { stateHash } from "../machine/state-hash.ts";

/** A state on its way; `deliver` brings it to its receiver, `done` tells the sender that it is there or not. */
export type Transfer = {
  readonly from: Machine;
  readonly to: NodeId;
  readonly term: Term;
  readonly snapshot: MemorySnapshot;
  readonly done: (delivered: boolean) => void;
};

type World = {
  readonly hub: MemoryHub;
  readonly membership: Membership;
  readonly transfers: Transfer[];
  readonly software: SoftwareVersion;
};

const limits = { logEntriesMax: 20, logEntriesKept: 5, logBytesMax: 1_000_000_000, logBytesCeiling: 10_000_000_000 };

/** One node. */
export class Machine {
  readonly id: NodeId;
  storage: MemoryStorage;
  driver: Driver;
  /** In the order in which they happened: `replaced`, or the number of batches that were published. */
  readonly told: string[] = [];
  /** Whether offered snapshots were taken. */
  readonly settled: boolean[] = [];
  readonly fatal: unknown[] = [];
  /** Holds writes back while set. */
  diskStands = false;
  /** Cut off: its messages are lost, and its time stands still. */
  away = false;
  turns = 0;
  nowMs = 0;
  #writes: (() => void)[] = [];
  #turnsDue: (() => void)[] = [];
  #runs = 0;
  readonly #boot: (software: SoftwareVersion, genesis: Membership) => Driver;

  constructor(id: string, world: World) {
    this.id = toNodeId(id);
    this.storage = this.#storageOf(emptyImage(world.membership));
    const snapshots: Snapshots = {
      send: ({ to, term, meta }, done) => {
        world.transfers.push({ from: this, to, term, snapshot: this.storage.snapshot(meta), done });
      },
      settle: (taken) => {
        this.settled.push(taken);
        if (!taken) this.storage.discardSnapshot();
      },
    };
    const line = world.hub.open(this.id, {
      onMessage: (message) => this.away || this.driver.receive(message),
      onUnreachable: (peer) => this.driver.unreachable(peer),
    });
    const network: Network = {
      send: (message) => this.away || line.send(message),
      setPeers: (peers) => line.setPeers(peers),
    };
    const clock = { monotonicMs: () => this.nowMs, wallTimeMs: () => 0 };
    const turns = { soon: (turn: () => void) => void this.#turnsDue.push(turn) };
    this.#boot = (software, genesis) =>
      new Driver(
        { ...driverOptions(this.id, ++this.#runs), software, genesis },
        { disk: this.storage, network, snapshots, clock, turns },
        {
          onBatches: (batches) => this.told.push(`${batches.length} published`),
          onRoleChanged: () => undefined,
          onStateReplaced: () => this.told.push("replaced"),
          onRemoved: () => undefined,
          onProtocolFault: (fault) => this.told.push(fault.kind),
          onFatal: (error) => this.fatal.push(error),
        },
      );
    this.driver = this.#boot(world.software, world.membership);
    this.driver.start();
  }

  /** The process ends, and begins again with `software` on what is on disk. Call it at rest. */
  restart(software: SoftwareVersion): void {
    this.driver.stop();
    this.#turnsDue = [];
    this.driver = this.#boot(software, this.storage.log.base.membership);
    this.driver.start();
  }

  /**
   * The process ends, and its disk is found damaged: it begins again on an empty state with `genesis`, of which it keeps
   * its vote and the end of the log that it lost.
   */
  loseState(genesis: Membership): void {
    const { hardState, log } = this.storage;
    this.driver.stop();
    this.storage.crash({ writeUnderWay: "lost" });
    this.#turnsDue = [];
    this.#writes = [];
    const image = emptyImage(genesis);
    image.hardState = { ...hardState, lostLog: { lastIndex: log.lastIndex, term: hardState.currentTerm } };
    this.storage = this.#storageOf(image);
    this.driver = this.#boot(softwareVersion, genesis);
    this.driver.start();
  }

  #storageOf(image: DurableImage): MemoryStorage {
    return new MemoryStorage({ image, schedule: (complete) => this.#writes.push(complete) });
  }

  get hash(): string {
    return stateHash(this.driver.tables);
  }

  tick(): void {
    this.nowMs += 10;
    this.driver.tick();
  }

  /** One turn, or one write; false when there is nothing to do. */
  stepOnce(): boolean {
    const turn = this.#turnsDue.shift();
    if (turn !== undefined) {
      this.turns += 1;
      turn();
      return true;
    }
    if (this.diskStands) return false;
    const write = this.#writes.shift();
    write?.();
    return write !== undefined;
  }

  /** Takes a whole state that was sent to this node. */
  offer({ from, term, snapshot }: Pick<Transfer, "from" | "term" | "snapshot">): void {
    this.storage.receiveSnapshot(snapshot);
    this.driver.snapshotReceived({ from: from.id, term, snapshot: snapshot.meta });
  }
}

/** Three nodes, of which n1 leads. */
export class DriverCluster {
  readonly transfers: Transfer[] = [];
  readonly n1: Machine;
  readonly n2: Machine;
  readonly n3: Machine;
  /** The membership before the first entry. */
  readonly genesis: Membership;
  readonly #hub = new MemoryHub();

  /** `software` is what all of them run. */
  constructor(software: SoftwareVersion = softwareVersion) {
    const voters = ["n1", "n2", "n3"].map(toNodeId);
    const addresses = Object.fromEntries(voters.map((id) => [id, { peerUrl: `memory:${id}`, apiUrl: "" }]));
    this.genesis = { voters, votersOutgoing: [], learners: [], learnersNext: [], addresses, removed: [] };
    const world = { hub: this.#hub, membership: this.genesis, transfers: this.transfers, software };
    this.n1 = new Machine("n1", world);
    this.n2 = new Machine("n2", world);
    this.n3 = new Machine("n3", world);
    for (let tick = 0; tick < 40 && this.n1.driver.raft.status.role !== "leader"; tick++) {
      this.n1.tick();
      this.settle();
    }
  }

  get machines(): readonly Machine[] {
    return [this.n1, this.n2, this.n3];
  }

  /** Until nothing is left to do without time passing. */
  settle(): void {
    for (let steps = 0; this.stepOnce(); steps++) {
      if (steps > 100_000) throw new Error("the cluster does not come to rest");
    }
  }

  /** One turn or write of each machine, and one message; false when there is nothing to do. */
  stepOnce(): boolean {
    const busy = this.machines.filter((machine) => machine.stepOnce()).length > 0;
    return this.#hub.deliverOne() || busy;
  }

  /** Lets time pass, and everything happen that follows. */
  tick(count = 1): void {
    for (let tick = 0; tick < count; tick++) {
      for (const machine of this.machines) if (!machine.away) machine.tick();
      this.settle();
    }
  }

  /** Writes keys `from` to `to` at the leader, one entry each. */
  fill(from: number, to: number): void {
    for (let key = from; key <= to; key++) {
      this.put(this.n1, `key-${key}`);
      this.tick();
    }
  }

  /** n3 is away for so long that the log does not reach back to it; then n1 wants to send it a state. */
  leaveBehind(): Transfer {
    this.n3.away = true;
    this.fill(1, 40);
    this.n3.away = false;
    this.tick(15);
    const transfer = this.transfers.shift();
    if (transfer === undefined) throw new Error("no snapshot was sent");
    return transfer;
  }

  /** Writes `key` at `machine`; the end comes when it comes. */
  put(machine: Machine, key: string): ProposalEnd[] {
    return this.propose(machine, {
      kind: "configPut",
      key,
      value: new TextEncoder().encode(key),
      contentType: "text/plain",
      precondition: { kind: "none" },
      leaseId: null,
      author: null,
      comment: null,
    });
  }

  /** Proposes `body` at `machine`; the end comes when it comes. */
  propose(machine: Machine, body: CommandBody): ProposalEnd[] {
    const ends: ProposalEnd[] = [];
    machine.driver.propose({
      body,
      request: null,
      deadlineMs: machine.nowMs + 1_000_000,
      settle: (end) => ends.push(end),
    });
    return ends;
  }
}

/** Options of a driver whose log is cut early. `run` counts the starts of the node. */
export function driverOptions(id: NodeId, run: number) {
  return {
    ...limits,
    raft: {
      id,
      runId: `${id}-run-${run}`,
      seed: Number(id.slice(1)),
      tickMs: 10,
      electionTicks: 10,
      heartbeatTicks: 1,
      messageBytesMax: 10_000,
      inFlightMessagesMax: 16,
      inFlightBytesMax: 1_000_000,
      uncommittedBytesMax: 1_000_000,
      applyBytesMax: 10_000,
      applyLagEntriesMax: 1000,
      promoteLagEntriesMax: 100,
      leasePromiseMs: 0,
      earlierPromiseMs: 0,
    },
    storeId: "test",
    forwardBytesMax: 10_000,
    renewalsPerCommandMax: 100,
    pendingReadsMax: 100,
    firstReadId: 1,
    readTicksMax: 5,
    pendingProposalsMax: 1000,
    pendingBytesMax: 1_000_000,
  };
}
