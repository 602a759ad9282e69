/**
 * This file lets strangers write to the peer port of a listening node: calls without the secret, with a wrong one, or with a
 * broken proof, and mutated frames after them.
 */
import { Buffer } from "node:buffer";
import { connect } from "node:net";
import { streamPath } from "../../src/transport/handshake.ts";
import { encodeMessage } from "../../src/transport/wire.ts";
import { numbered, openRecorded } from "../transport/http-harness.ts";
import { provenHeaders, rawHeaders } from "../transport/raw-peer.ts";
import { mutated, seededRandom } from "./frames.ts";

/** What became of the calls; `messagesHeard` must stay 0. */
export type StrangerCounts = { calls: number; answered: number; messagesHeard: number };

/** Makes `calls` calls one after the other; the same seed sends the same bytes but for the challenges. */
export async function runStrangers({ calls, seed }: { readonly calls: number; readonly seed: number }): Promise<StrangerCounts> {
  const random = seededRandom(seed);
  const node = await openRecorded("n2");
  const counts: StrangerCounts = { calls: 0, answered: 0, messagesHeard: 0 };
  const wrong = { kind: "secret", secret: "a-secret-that-is-not-that-of-the-cluster" } as const;
  try {
    for (; counts.calls < calls; counts.calls += 1) {
      const call = { method: "POST", path: streamPath, headers: rawHeaders("n1", "n2") };
      const headers = random() < 0.3 ? await provenHeaders(node.address.peerUrl, call, wrong) : call.headers;
      const lines = Object.entries({ host: "127.0.0.1", "content-length": "999999", ...headers });
      let head: Buffer = Buffer.from(
        `POST ${streamPath} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`,
      );
      if (random() < 0.5) head = mutated([head], random);
      const frame = mutated([encodeMessage(numbered("n1", "n2", counts.calls))], random);
      if ((await send(node.address.peerUrl, Buffer.concat([head, frame]))) > 0) counts.answered += 1;
    }
    counts.messagesHeard = node.received.length;
    return counts;
  } finally {
    await node.transport.close();
  }
}

/** Writes and ends; the number of bytes that came back. */
function send(url: string, bytes: Buffer): Promise<number> {
  return new Promise((resolve) => {
    let answered = 0;
    const socket = connect({ host: "127.0.0.1", port: Number(new URL(url).port) });
    socket.on("data", (part) => {
      answered += part.byteLength;
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(answered));
    socket.end(bytes);
  });
}
