/**
 * This file measures how a large state travels: one process fills a store and sends it over loopback HTTP, another receives
 * and installs it. The sender is started anew after filling, so that its peak is that of sending.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PeerOrder, PeerReply } from "./snapshot-peer.ts";

/** The size of the state, of its values, and of a chunk. */
export type SnapshotBenchOptions = {
  readonly mib: number;
  readonly valueBytes: number;
  readonly chunkBytes: number;
  readonly json?: boolean;
};

const MIB = 1024 * 1024;
const peerScript = fileURLToPath(import.meta.url).replace(/snapshot-bench\.(\w+)$/, "snapshot-peer.$1");

/** Prints seconds, MB/s, peak memory and the longest stall of both event loops. */
export async function runSnapshotBench({ mib, valueBytes, chunkBytes, json = false }: SnapshotBenchOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "keyhold-snapshot-"));
  const open = (id: "sender" | "receiver") =>
    Peer.open(id, [join(folder, id), String(chunkBytes), String((2 * mib + 512) * MIB)]);
  try {
    const filler = await open("sender");
    const filled = await filler.ask({ kind: "fill", bytes: mib * MIB, valueBytes }, "filled");
    await filler.close();
    const [sender, receiver] = await Promise.all([open("sender"), open("receiver")]);
    const installing = receiver.next("installed");
    const sent = await sender.ask({ kind: "send", peerUrl: receiver.peerUrl }, "sent");
    if (!sent.delivered) throw new Error("the snapshot was not delivered");
    const installed = await installing;
    const result = {
      storeMiB: mib,
      valueBytes,
      chunkBytes,
      fillSeconds: filled.seconds,
      sendSeconds: sent.seconds,
      installSeconds: installed.seconds,
      mbPerSecond: (mib * MIB) / 1e6 / (sent.seconds + installed.seconds),
      sender: await sender.ask({ kind: "report" }, "report"),
      receiver: await receiver.ask({ kind: "report" }, "report"),
    };
    process.stdout.write(json ? `${JSON.stringify(result)}\n` : text(result));
    await Promise.all([sender.close(), receiver.close()]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Report = Extract<PeerReply, { readonly kind: "report" }>;

function text(result: {
  readonly storeMiB: number;
  readonly valueBytes: number;
  readonly chunkBytes: number;
  readonly fillSeconds: number;
  readonly sendSeconds: number;
  readonly installSeconds: number;
  readonly mbPerSecond: number;
  readonly sender: Report;
  readonly receiver: Report;
}): string {
  const { storeMiB, valueBytes, chunkBytes, fillSeconds, sendSeconds, installSeconds, mbPerSecond, sender, receiver } = result;
  const memory = (report: Report) =>
    `${report.anonMiB.toFixed(0)} MiB of its own at most (${report.residentMiB.toFixed(0)} MiB with pages of the file), ` +
    `event loop stalled for ${report.stallMsMax.toFixed(0)} ms at most`;
  return [
    `store      ${storeMiB} MiB in values of ${valueBytes} bytes, filled in ${fillSeconds.toFixed(1)} s`,
    `transfer   ${sendSeconds.toFixed(2)} s in chunks of ${chunkBytes} bytes, every one synced; install ${installSeconds.toFixed(2)} s`,
    `together   ${mbPerSecond.toFixed(0)} MB/s`,
    `sender     ${memory(sender)}`,
    `receiver   ${memory(receiver)}`,
    "",
  ].join("\n");
}

/** A child process that answers orders one at a time. */
class Peer {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<PeerReply["kind"], (reply: PeerReply) => void>();
  #failed: ((error: Error) => void) | undefined;
  peerUrl = "";

  static async open(id: string, rest: readonly string[]): Promise<Peer> {
    const peer = new Peer(fork(peerScript, [id, ...rest]));
    peer.peerUrl = (await peer.next("ready")).peerUrl;
    return peer;
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on("message", (reply: PeerReply) => {
      this.#waiting.get(reply.kind)?.(reply);
      this.#waiting.delete(reply.kind);
    });
    child.on("exit", (code) => this.#failed?.(new Error(`a process of the measurement ended with ${code}`)));
  }

  async ask<Kind extends PeerReply["kind"]>(order: PeerOrder, kind: Kind): Promise<Extract<PeerReply, { readonly kind: Kind }>> {
    const reply = this.next(kind);
    this.#child.send(order);
    return reply;
  }

  next<Kind extends PeerReply["kind"]>(kind: Kind): Promise<Extract<PeerReply, { readonly kind: Kind }>> {
    return new Promise((resolve, reject) => {
      this.#failed = reject;
      this.#waiting.set(kind, (reply) => resolve(reply as Extract<PeerReply, { readonly kind: Kind }>));
    });
  }

  async close(): Promise<void> {
    this.#failed = undefined;
    const ended = once(this.#child, "exit");
    this.#child.disconnect();
    await ended;
  }
}
