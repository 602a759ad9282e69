/**
 * This file is the network without a network: a hub that delivers one message at a time, when told to. Same calls, same
 * order of deliveries.
 */
import type { Network } from "../../src/node/ports.ts";
import type { MemberAddress, Message, NodeId } from "../../src/raft/types.ts";

/** What a node does with a message, and with the news that a peer is unreachable. */
export type MemoryHandlers = {
  readonly onMessage: (message: Message) => void;
  readonly onUnreachable: (peer: NodeId) => void;
};

type Delivery =
  | { readonly kind: "message"; readonly message: Message }
  | { readonly kind: "unreachable"; readonly at: NodeId; readonly peer: NodeId };

/** More than this waiting for one hub is a test that forgot to deliver. */
const queueLengthMax = 1_000_000;

/** Joins memory networks; they reach each other by node id. */
export class MemoryHub {
  readonly #nodes = new Map<NodeId, MemoryHandlers & { peers: ReadonlySet<NodeId> }>();
  #queue: Delivery[] = [];

  /** A node's network; `close` is its death, which the others notice. */
  open(id: NodeId, handlers: MemoryHandlers): Network & { close(): void } {
    const node = { ...handlers, peers: new Set<NodeId>() as ReadonlySet<NodeId> };
    this.#nodes.set(id, node);
    return {
      send: (message) => {
        if (this.#nodes.get(id) !== node) return;
        if (node.peers.has(message.to)) this.#push({ kind: "message", message });
        else this.#push({ kind: "unreachable", at: id, peer: message.to });
      },
      setPeers: (peers: ReadonlyMap<NodeId, MemberAddress>) => {
        node.peers = new Set([...peers.keys()].filter((peer) => peer !== id));
      },
      close: () => {
        if (this.#nodes.get(id) !== node) return;
        this.#nodes.delete(id);
        for (const peer of node.peers) this.#push({ kind: "unreachable", at: peer, peer: id });
      },
    };
  }

  /** Delivers the oldest message or report; false when there is none. */
  deliverOne(): boolean {
    const delivery = this.#queue.shift();
    if (delivery === undefined) return false;
    if (delivery.kind === "unreachable") {
      this.#nodes.get(delivery.at)?.onUnreachable(delivery.peer);
      return true;
    }
    const { message } = delivery;
    const receiver = this.#nodes.get(message.to);
    if (receiver === undefined) this.#nodes.get(message.from)?.onUnreachable(message.to);
    else receiver.onMessage(message);
    return true;
  }

  #push(delivery: Delivery): void {
    if (this.#queue.length >= queueLengthMax) throw new Error(`${queueLengthMax} deliveries wait`);
    this.#queue.push(delivery);
  }
}
