/**
 * This file holds both networks to the one contract.
 */

import type { Message, NodeId } from "../../src/raft/types.ts";
import { MemoryHub } from "../contracts/memory-network.ts";
import { type Endpoint, networkContract } from "../contracts/network-contract.ts";
import { openRecorded, until } from "./http-harness.ts";

networkContract("memory", () => {
  const hub = new MemoryHub();
  return {
    open: async (id) => {
      const received: Message[] = [];
      const unreachable: NodeId[] = [];
      const network = hub.open(id, {
        onMessage: (message) => received.push(message),
        onUnreachable: (peer) => unreachable.push(peer),
      });
      const close = async () => network.close();
      return { network, address: { peerUrl: `memory:${id}`, apiUrl: "" }, received, unreachable, close };
    },
    until: async (condition) => {
      while (!condition()) {
        if (!hub.deliverOne()) throw new Error(`nothing left to deliver: ${condition.toString()}`);
      }
    },
  };
});

networkContract("http", () => ({
  open: async (id, address): Promise<Endpoint> => {
    const port = address === undefined ? 0 : Number(new URL(address.peerUrl).port);
    const recorded = await openRecorded(id, { listen: { host: "127.0.0.1", port } });
    return { ...recorded, network: recorded.transport, close: () => recorded.transport.close() };
  },
  until,
}));
