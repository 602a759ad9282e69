/**
 * This file runs whole nodes in memory: their time passes, and their messages and writes arrive, when the test says so. Snapshots
 * travel at once.
 */
import { at } from "../../src/base/at.ts";
import { KeyholdNode } from "../../src/node/node.ts";
import { type Membership, toNodeId } from "../../src/raft/types.ts";
import { MemoryHub } from "../contracts/memory-network.ts";
import { emptyImage, type MemorySnapshot, MemoryStorage } from "../contracts/memory-storage.ts";
import { driverOptions } from "./driver-cluster.ts";

const tickMs = 10;

/** One node. */
export type Member = {
  readonly node: KeyholdNode;
  /** Cut off: its messages are lost, and its time stands still. */
  away: boolean;
  /** How many whole states it was sent. */
  snapshots: number;
};
type Place = Member & {
  readonly tick: () => void;
  readonly stepOnce: () => boolean;
  readonly takeSnapshot: (snapshot: MemorySnapshot) => void;
};

/** Three nodes, of which the first leads. Their logs are cut after twenty entries. */
export class NodeCluster {
  readonly #hub = new MemoryHub();
  readonly #places: readonly Place[];

  constructor() {
    const voters = ["n1", "n2", "n3"].map(toNodeId);
    const addresses = Object.fromEntries(voters.map((id) => [id, { peerUrl: `memory:${id}`, apiUrl: "" }]));
    const genesis: Membership = { voters, votersOutgoing: [], learners: [], learnersNext: [], addresses, removed: [] };
    this.#places = voters.map((_id, index) => this.#placeOf(index, genesis));
    const [first] = this.#places;
    for (let tick = 0; tick < 40 && first?.node.inside.raft.status.role !== "leader"; tick += 1) {
      first?.tick();
      this.#settle();
    }
  }

  /** The nodes, the leader first. */
  member(index: number): Member {
    return at(this.#places, index);
  }

  /** Lets time pass, and everything happen that follows, what is awaited as well. */
  async tick(count: number): Promise<void> {
    for (let tick = 0; tick < count; tick += 1) {
      for (const place of this.#places) if (!place.away) place.tick();
      this.#settle();
      await Promise.resolve();
    }
  }

  stop(): void {
    for (const { node } of this.#places) node.stop();
  }

  #settle(): void {
    let isBusy = true;
    for (let steps = 0; isBusy; steps += 1) {
      if (steps > 100_000) throw new Error("the cluster does not come to rest");
      isBusy = this.#places.filter((place) => place.stepOnce()).length > 0;
      isBusy = this.#hub.deliverOne() || isBusy;
    }
  }

  #placeOf(index: number, genesis: Membership): Place {
    const id = at(genesis.voters, index);
    const due: (() => void)[] = [];
    const ticks: (() => void)[] = [];
    let nowMs = 0;
    const disk = new MemoryStorage({ image: emptyImage(genesis), schedule: (complete) => due.push(complete) });
    const line = this.#hub.open(id, {
      onMessage: (message) => place.away || place.node.receive(message),
      onUnreachable: (peer) => place.node.unreachable(peer),
    });
    const unexpected = (what: unknown) => {
      throw what instanceof Error ? what : new Error(JSON.stringify(what));
    };
    const node = new KeyholdNode(
      {
        ...{ clusterId: "c-test", instanceId: `instance-${id}`, recentBatchesMax: 100, recentBytesMax: 100_000 },
        ...{ stateBytesMax: 100_000_000, driver: driverOptions(id, 1) },
      },
      {
        disk,
        network: { send: (message) => place.away || line.send(message), setPeers: (peers) => line.setPeers(peers) },
        snapshots: {
          send: ({ to, term, meta }, done) => {
            const receiver = at(this.#places, genesis.voters.indexOf(to));
            receiver.takeSnapshot(disk.snapshot(meta));
            receiver.node.snapshotReceived({ from: id, term, snapshot: meta });
            done(true);
          },
          settle: (taken) => {
            if (!taken) disk.discardSnapshot();
          },
          progress: () => ({ sending: [], receiving: null }),
        },
        clock: { monotonicMs: () => nowMs, wallTimeMs: () => 0 },
        turns: { soon: (turn) => void due.push(turn) },
        timers: {
          every: (_ms, act) => {
            ticks.push(act);
            return () => void ticks.splice(0);
          },
          // As long as a test lasts, nothing is given up.
          after: () => () => undefined,
        },
      },
      {
        onRoleChanged: () => undefined,
        onRemoved: () => undefined,
        onForeignInstance: () => undefined,
        onProtocolFault: unexpected,
        onRequestFailed: unexpected,
        onFatal: unexpected,
      },
    );
    const place: Place = {
      node,
      away: false,
      snapshots: 0,
      tick: () => {
        nowMs += tickMs;
        for (const tick of ticks) tick();
      },
      stepOnce: () => {
        const next = due.shift();
        next?.();
        return next !== undefined;
      },
      takeSnapshot: (snapshot) => {
        place.snapshots += 1;
        disk.receiveSnapshot(snapshot);
      },
    };
    node.start();
    return place;
  }
}
