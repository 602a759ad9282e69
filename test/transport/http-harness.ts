/**
 * This file starts HTTP transports on loopback for tests, and waits for what they do.
 */

import { type Message, type NodeId, toNodeId } from "../../src/raft/types.ts";
import type { SelfClaim } from "../../src/transport/claim.ts";
import type { PeerAccess } from "../../src/transport/proof.ts";
import { HttpTransport, type HttpTransportOptions, type TransportEvent } from "../../src/transport/transport.ts";

/** A transport and everything that it reported. */
export type Recorded = {
  readonly transport: HttpTransport;
  readonly received: Message[];
  readonly unreachable: NodeId[];
  readonly events: TransportEvent[];
  readonly address: { readonly peerUrl: string; readonly apiUrl: string };
};

/** What all nodes of cluster "test" know. */
export const testAccess: PeerAccess = { kind: "secret", secret: "known-to-all-nodes-of-the-test-cluster" };

/** What node `id` says of itself in tests. */
export function testClaim(id: string): SelfClaim {
  return { instanceId: `folder-${id}`, start: 1, runId: `${id}-1`, ancestors: [], forgotten: 0 };
}

/** A transport of cluster "test" on a free port, that remembers what it was told. */
export async function openRecorded(id: string, options: Partial<HttpTransportOptions> = {}): Promise<Recorded> {
  const received: Message[] = [];
  const unreachable: NodeId[] = [];
  const events: TransportEvent[] = [];
  const transport = await HttpTransport.open({
    clusterId: "test",
    nodeId: toNodeId(id),
    self: testClaim(id),
    access: testAccess,
    listen: { host: "127.0.0.1", port: 0 },
    peerTimeoutMs: 1000,
    bufferBytesMax: 8 * 1024 * 1024,
    onMessage: (message) => {
      received.push(message);
      return null;
    },
    onUnreachable: (peer) => unreachable.push(peer),
    onEvent: (event) => events.push(event),
    ...options,
  });
  const { host, port } = transport.address;
  return { transport, received, unreachable, events, address: { peerUrl: `http://${host}:${port}`, apiUrl: "" } };
}

/** Waits until `condition` holds, asking once a millisecond; rejects after `timeoutMs`, saying what was waited for. */
export async function until(condition: () => boolean, timeoutMs = 10_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** A message of a few bytes that carries a number. */
export function numbered(from: string, to: string, round: number): Message {
  const header = { from: toNodeId(from), to: toNodeId(to), term: 1 as Message["term"] };
  return { ...header, kind: "heartbeatResponse", round, promiseMs: 0 };
}

/** Lets `from` keep a stream to `peerUrl` under the name `to`, and waits until it stands. */
export async function connect(from: Recorded, to: string, peerUrl: string): Promise<void> {
  const peer = toNodeId(to);
  from.transport.setPeers(new Map([[peer, { peerUrl, apiUrl: "" }]]));
  await until(() => from.transport.stats().get(peer)?.connected === true);
}
