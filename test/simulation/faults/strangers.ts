/**
 * This file is those who speak on the peer port and are no members: ids that nobody knows, and frames of real messages with
 * bytes changed on their way through the production codec. What a node hears of them must change nothing and end nobody.
 */
import { type Message, toNodeId } from "../../../src/raft/types.ts";
import { WireError } from "../../../src/transport/byte-cursor.ts";
import { frameHeaderBytes } from "../../../src/transport/frame.ts";
import { decodeMessage, encodeMessage } from "../../../src/transport/wire.ts";
import type { Report } from "../checks/finding.ts";
import { type RandomStream, randomStreams } from "../world/random.ts";
import type { SimNode } from "../world/sim-node.ts";

/** Messages that are remembered, to be said again by others. */
const heardMax = 64;

/** What only members may say. Leaders and candidates that a node does not know yet are heard; the transport knows them. */
const membersOnly: ReadonlySet<Message["kind"]> = new Set<Message["kind"]>([
  "preVoteResponse",
  "voteResponse",
  "appendEntriesAccepted",
  "appendEntriesRejected",
  "heartbeatResponse",
  "readIndexRequest",
  "readIndexResponse",
  "proposeRequest",
  "proposeRefused",
  "timeoutNow",
]);

/** Sends the strangers' frames of a tape. */
export class Strangers {
  readonly counts = { strangeFrames: 0, strangeFramesHeard: 0 };
  readonly #report: Report;
  readonly #heard: Message[] = [];
  #next = 0;

  constructor(report: Report) {
    this.#report = report;
  }

  /** A real message, which strangers may have seen. */
  overhear(message: Message): void {
    this.#heard[this.#next] = message;
    this.#next = (this.#next + 1) % heardMax;
  }

  /** `times` frames for one of `nodes`, or for each in turn. */
  speak(nodes: readonly SimNode[], fault: { readonly times: number; readonly salt: number }): void {
    const random = randomStreams(fault.salt).folders;
    if (this.#heard.length === 0 || nodes.length === 0) return;
    for (let left = fault.times; left > 0; left--) {
      const node = random.pick(nodes);
      const message = this.#draw(random);
      if (message !== null) this.#say(node, message, random);
    }
  }

  #say(node: SimNode, message: Message, random: RandomStream): void {
    // The transport lets nobody speak in the name of another one.
    const from = toNodeId(random.pick(["x1", "x2"]));
    const to = random.chance(0.9) ? node.id : message.to;
    if (!membersOnly.has(message.kind) && to === node.id) return;
    this.counts.strangeFramesHeard++;
    // As late as the term that the node is in, or a little later, it would count if it came from a member.
    const term = random.chance(0.7) && node.alive ? node.term + random.integer(0, 1) : message.term;
    node.receive({ ...message, from, to, term } as Message, null);
  }

  /** A real message, or what is left of it when some of its bytes are changed; null when the codec refuses that. */
  #draw(random: RandomStream): Message | null {
    this.counts.strangeFrames++;
    const message = random.pick(this.#heard);
    if (random.chance(0.3)) return message;
    const bytes = Buffer.from(encodeMessage(message).subarray(frameHeaderBytes));
    for (let left = random.integer(1, 4); left > 0; left--) {
      const at = random.integer(0, bytes.length - 1);
      bytes[at] = random.chance(0.5) ? random.integer(0, 255) : (bytes[at] ?? 0) ^ (1 << random.integer(0, 7));
    }
    try {
      return decodeMessage(random.chance(0.1) ? bytes.subarray(0, random.integer(0, bytes.length)) : bytes);
    } catch (error) {
      if (!(error instanceof WireError))
        this.#report(
          "the codec keeps messages",
          `the codec broke at a changed ${message.kind}: ${error instanceof Error ? error.stack : String(error)}`,
        );
      return null;
    }
  }
}
