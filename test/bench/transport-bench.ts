/**
 * This file prints what the transport costs: microseconds to encode and decode, round trips and throughput on loopback.
 * Both ends share one process and so one core: two processes do better. Run with `npx tsx test/bench/transport-bench.ts`.
 */
import { type Entry, type Message, toClusterTimeMs, toLogIndex, toNodeId, toTerm } from "../../src/raft/types.ts";
import { createFrameReader, readFrames } from "../../src/transport/frame.ts";
import { HttpTransport } from "../../src/transport/transport.ts";
import { decodeMessage, encodeMessage } from "../../src/transport/wire.ts";

const [n1, n2] = [toNodeId("n1"), toNodeId("n2")];
const header = { from: n1, to: n2, term: toTerm(7) } as const;

function batch(entryCount: number): Message {
  const entries = Array.from({ length: entryCount }, (_, position): Entry => {
    const id = { runId: "n1-4f9c0a7b12345678", sequence: 1000 + position };
    const payload = { kind: "command", id, command: new Uint8Array(256).fill(position) } as const;
    const clusterTimeMs = toClusterTimeMs(123_456_789);
    return { index: toLogIndex(1_000_001 + position), term: toTerm(7), clusterTimeMs, wallTimeMs: 1_763_714_221_000, payload };
  });
  const place = { prevLogIndex: toLogIndex(1_000_000), prevLogTerm: toTerm(7), leaderCommit: toLogIndex(1_000_000) };
  return { ...header, kind: "appendEntries", ...place, entries };
}
const accepted: Message = { ...header, from: n2, to: n1, kind: "appendEntriesAccepted", matchIndex: toLogIndex(1_000_064) };

function report(line: string): void {
  process.stdout.write(`${line}\n`);
}

function benchCodec(name: string, message: Message): void {
  const runs = 4000;
  const frame = encodeMessage(message);
  const reader = createFrameReader();
  const encode = () => encodeMessage(message);
  const decode = () => readFrames(reader, frame, decodeMessage);
  for (let run = 0; run < 5000; run += 1) {
    encode();
    decode();
  }
  const round = (work: () => void) => {
    const start = performance.now();
    for (let run = 0; run < runs; run += 1) work();
    return ((performance.now() - start) * 1000) / runs;
  };
  // The best of ten: a busy machine makes work slower, never faster.
  const us = (work: () => void) => Math.min(...Array.from({ length: 10 }, () => round(work))).toFixed(2);
  report(`${name}: ${frame.byteLength} bytes, encode ${us(encode)} us, decode ${us(decode)} us (framing and CRC included)`);
}

/** Keeps `window` messages on their way, each answered by a small one, and reports round trips. */
async function benchRoundTrips(name: string, options: { message: Message; window: number; total: number }): Promise<void> {
  const { message, window, total } = options;
  const tripMs: number[] = [];
  const sentAt: number[] = [];
  let sent = 0;
  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const common = {
    clusterId: "bench",
    self: { instanceId: "folder", start: 1, runId: "run", ancestors: [], forgotten: 0 },
    access: { kind: "secret", secret: "known-to-all-nodes-of-the-benchmark" } as const,
    listen: { host: "127.0.0.1", port: 0 },
    peerTimeoutMs: 1000,
    bufferBytesMax: 64 * 1024 * 1024,
  };
  const onUnreachable = () => {};
  const sendNext = () => {
    if (sent === total) return;
    sent += 1;
    sentAt.push(performance.now());
    a.send(message);
  };
  const onAnswer = (): null => {
    tripMs.push(performance.now() - (sentAt[tripMs.length] ?? 0));
    if (tripMs.length === total) finish();
    else sendNext();
    return null;
  };
  const answer = (): null => {
    b.send(accepted);
    return null;
  };
  await using a = await HttpTransport.open({ ...common, nodeId: n1, onMessage: onAnswer, onUnreachable });
  await using b = await HttpTransport.open({ ...common, nodeId: n2, onMessage: answer, onUnreachable });
  a.setPeers(new Map([[n2, { peerUrl: `http://127.0.0.1:${b.address.port}`, apiUrl: "" }]]));
  b.setPeers(new Map([[n1, { peerUrl: `http://127.0.0.1:${a.address.port}`, apiUrl: "" }]]));
  while (!a.stats().get(n2)?.connected || !b.stats().get(n1)?.connected) await new Promise(setImmediate);
  const cpu = process.cpuUsage();
  const start = performance.now();
  for (let started = 0; started < window; started += 1) sendNext();
  await finished;
  const elapsedMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  const sorted = tripMs.toSorted((left, right) => left - right);
  const quantile = (share: number) => ((sorted[Math.floor(share * (total - 1))] ?? 0) * 1000).toFixed(0);
  const perSecond = Math.round((total / elapsedMs) * 1000);
  const cpuUs = ((user + system) / total).toFixed(1);
  report(
    `${name}, ${window} in flight: ${perSecond}/s, p50 ${quantile(0.5)} us, p99 ${quantile(0.99)} us, CPU of both ends ${cpuUs} us each`,
  );
}

benchCodec("appendEntries, 64 entries of 256 bytes", batch(64));
benchCodec("appendEntries, 1 entry of 256 bytes", batch(1));
benchCodec("appendEntriesAccepted", accepted);
await benchRoundTrips("round trip, small message", { message: { ...header, kind: "timeoutNow" }, window: 1, total: 20_000 });
await benchRoundTrips("round trip, small message", { message: { ...header, kind: "timeoutNow" }, window: 64, total: 200_000 });
await benchRoundTrips("round trip, 1 entry", { message: batch(1), window: 1, total: 20_000 });
await benchRoundTrips("round trip, 64 entries", { message: batch(64), window: 1, total: 10_000 });
await benchRoundTrips("round trip, 64 entries", { message: batch(64), window: 8, total: 20_000 });
