/**
 * This file is what every Network must do, in memory and over HTTP alike.
 */
import { afterEach, describe, expect, test } from "vitest";
import type { Network } from "../../src/node/ports.ts";
import { type MemberAddress, type Message, type NodeId, toLogIndex, toNodeId, toTerm } from "../../src/raft/types.ts";

/** One running node's end of the network, with what reached it. */
export type Endpoint = {
  readonly network: Network;
  readonly address: MemberAddress;
  readonly received: Message[];
  readonly unreachable: NodeId[];
  close(): Promise<void>;
};

/** How the contract starts nodes on one implementation. */
export type NetworkHarness = {
  /** Starts a node, at an address it had before when one is given. */
  open(id: NodeId, address?: MemberAddress): Promise<Endpoint>;
  /** Lets the network run until `condition` holds; asked again and again. */
  until(condition: () => boolean): Promise<void>;
};

const [n1, n2, n3] = [toNodeId("n1"), toNodeId("n2"), toNodeId("n3")];

const numbered = (from: NodeId, to: NodeId, matchIndex: number): Message => ({
  kind: "appendEntriesAccepted",
  from,
  to,
  term: toTerm(1),
  matchIndex: toLogIndex(matchIndex),
});
const probe = (from: NodeId, to: NodeId): Message => ({ kind: "timeoutNow", from, to, term: toTerm(1) });
const numbers = (received: readonly Message[], from: NodeId) =>
  received.flatMap((message) => (message.kind === "appendEntriesAccepted" && message.from === from ? [message.matchIndex] : []));

/** Runs the suite; `setUp` is called for each test. */
export function networkContract(name: string, setUp: () => NetworkHarness): void {
  describe(`network contract: ${name}`, () => {
    let opened: Endpoint[] = [];

    afterEach(async () => {
      await Promise.all(opened.map((endpoint) => endpoint.close()));
      opened = [];
    });

    /** Nodes that know each other. */
    async function start(harness: NetworkHarness, ids: readonly NodeId[]): Promise<Endpoint[]> {
      const endpoints = await Promise.all(ids.map((id) => harness.open(id)));
      opened.push(...endpoints);
      const peers = new Map(ids.map((id, position) => [id, endpoints[position]?.address ?? { peerUrl: "", apiUrl: "" }]));
      for (const { network } of endpoints) network.setPeers(peers);
      return endpoints;
    }

    /** Returns when a message from one to the other gets through. */
    async function reach(harness: NetworkHarness, from: [NodeId, Endpoint], to: [NodeId, Endpoint]): Promise<void> {
      const before = to[1].received.length;
      await harness.until(() => {
        if (to[1].received.slice(before).some((message) => message.from === from[0])) return true;
        from[1].network.send(probe(from[0], to[0]));
        return false;
      });
    }

    async function startPair(harness: NetworkHarness): Promise<[Endpoint, Endpoint]> {
      const [a, b] = (await start(harness, [n1, n2])) as [Endpoint, Endpoint];
      await reach(harness, [n1, a], [n2, b]);
      await reach(harness, [n2, b], [n1, a]);
      return [a, b];
    }

    test("messages arrive in the order of their sender, both ways at once", async () => {
      const harness = setUp();
      const [a, b] = await startPair(harness);
      for (let sent = 1; sent <= 500; sent += 1) {
        a.network.send(numbered(n1, n2, sent));
        b.network.send(numbered(n2, n1, sent));
      }
      await harness.until(() => numbers(b.received, n1).length >= 500 && numbers(a.received, n2).length >= 500);
      const expected = Array.from({ length: 500 }, (_, position) => position + 1);
      expect(numbers(b.received, n1)).toEqual(expected);
      expect(numbers(a.received, n2)).toEqual(expected);
    });

    test("a message arrives as it was sent, commands included", async () => {
      const harness = setUp();
      const [a, b] = await startPair(harness);
      const message: Message = {
        kind: "proposeRequest",
        epoch: 0,
        from: n1,
        to: n2,
        term: toTerm(7),
        proposals: [
          { id: { runId: "n1-1", sequence: 1 }, command: new Uint8Array([0, 127, 128, 255]) },
          { id: { runId: "n1-1", sequence: 2 }, command: new Uint8Array(0) },
        ],
      };
      a.network.send(message);
      await harness.until(() => b.received.some(({ kind }) => kind === "proposeRequest"));
      expect(b.received.find(({ kind }) => kind === "proposeRequest")).toStrictEqual(message);
    });

    test("a message to a node that does not run is reported, and not from within send", async () => {
      const harness = setUp();
      const [a, b] = await startPair(harness);
      await b.close();
      await harness.until(() => a.unreachable.length > 0);
      a.unreachable.length = 0;
      a.network.send(numbered(n1, n2, 1));
      expect(a.unreachable).toEqual([]);
      await harness.until(() => a.unreachable.length > 0);
      expect(a.unreachable[0]).toBe(n2);
    });

    test("the end of a node is reported to one that only listened to it", async () => {
      const harness = setUp();
      const [a, b] = (await start(harness, [n1, n2])) as [Endpoint, Endpoint];
      await reach(harness, [n1, a], [n2, b]);
      b.unreachable.length = 0;
      await a.close();
      await harness.until(() => b.unreachable.length > 0);
      expect(b.unreachable[0]).toBe(n1);
    });

    test("a message to a node that is no peer is not delivered but reported", async () => {
      const harness = setUp();
      const [a, b, c] = (await start(harness, [n1, n2, n3])) as [Endpoint, Endpoint, Endpoint];
      await reach(harness, [n1, a], [n2, b]);
      await reach(harness, [n1, a], [n3, c]);
      a.network.setPeers(new Map([[n3, c.address]]));
      a.unreachable.length = 0;
      a.network.send(numbered(n1, n2, 1));
      a.network.send(numbered(n1, n3, 2));
      await harness.until(() => a.unreachable.length > 0 && numbers(c.received, n1).length > 0);
      expect(a.unreachable[0]).toBe(n2);
      expect(numbers(b.received, n1)).toEqual([]);
    });

    test("what was sent before a peer is removed still arrives, and a peer added again is reached", async () => {
      const harness = setUp();
      const [a, b] = await startPair(harness);
      a.network.send(numbered(n1, n2, 1));
      a.network.setPeers(new Map());
      await harness.until(() => numbers(b.received, n1).length > 0);
      a.network.setPeers(new Map([[n2, b.address]]));
      await reach(harness, [n1, a], [n2, b]);
      expect(numbers(b.received, n1)).toEqual([1]);
    });

    test("a restarted node is reached again, from both sides", async () => {
      const harness = setUp();
      const [a, b] = await startPair(harness);
      await b.close();
      const again = await harness.open(n2, b.address);
      opened.push(again);
      again.network.setPeers(new Map([[n1, a.address]]));
      await reach(harness, [n1, a], [n2, again]);
      await reach(harness, [n2, again], [n1, a]);
      expect(again.received[0]).toStrictEqual(probe(n1, n2));
    });

    test("a closed node receives nothing more", async () => {
      const harness = setUp();
      const [a, b] = await startPair(harness);
      await b.close();
      const count = b.received.length;
      a.network.send(numbered(n1, n2, 1));
      await harness.until(() => a.unreachable.length > 0);
      expect(b.received.length).toBe(count);
    });
  });
}
