/**
 * This file lets nodes lie: mutated frames, with their checksums made right again, reach the drivers of a living cluster in
 * memory, from one of its members or under an id that nobody knows, among its real traffic.
 */
import type { Buffer } from "node:buffer";
import { at } from "../../src/base/at.ts";
import { type Message, type NodeId, toNodeId } from "../../src/raft/types.ts";
import { WireError } from "../../src/transport/byte-cursor.ts";
import { frameHeaderBytes } from "../../src/transport/frame.ts";
import { decodeMessage, encodeMessage } from "../../src/transport/wire.ts";
import { DriverCluster, type Machine } from "../node/driver-cluster.ts";
import { lied, mutated, seededRandom } from "./frames.ts";

/** What became of the mutated frames. */
export type LiarCounts = {
  frames: number;
  /** No message at all. */
  undecodable: number;
  /** Refused before the core heard of it. */
  refused: number;
  heard: number;
  /** Logs that were made to contradict what is committed; their node stops and says so. */
  conflicts: number;
  /** Clusters whose nodes talked on and on without time passing: two that each take the other for the leader, for instance. */
  restless: number;
  /** By message: nodes that contradicted themselves. */
  readonly deaths: Map<string, number>;
  /** Clusters whose term rose while only a node that nobody knows (but that has the secret) lied: it may be a later leader. */
  termsMovedByUnknown: number;
};

/** A cluster is used this often, and then made anew. */
const framesPerCluster = 500;
const unknown = toNodeId("n9");

/** Sends `frames` mutated frames; the same seed does the same. */
export function runLiars({
  frames,
  seed,
  untilMs = Number.POSITIVE_INFINITY,
}: {
  frames: number;
  seed: number;
  untilMs?: number;
}): LiarCounts {
  const counts: LiarCounts = {
    frames: 0,
    undecodable: 0,
    refused: 0,
    heard: 0,
    conflicts: 0,
    restless: 0,
    deaths: new Map(),
    termsMovedByUnknown: 0,
  };
  for (let round = 0; counts.frames < frames && performance.now() < untilMs; round += 1) {
    try {
      lieToOne(counts, { seed: seed + round, liar: round % 2 === 0 ? "member" : "unknown", framesMax: frames });
    } catch (error) {
      if (!(error instanceof Error) || error.message !== "the cluster does not come to rest") throw error;
      counts.restless += 1;
    }
  }
  return counts;
}

function lieToOne(
  counts: LiarCounts,
  { seed, liar, framesMax }: { readonly seed: number; readonly liar: "member" | "unknown"; readonly framesMax: number },
): void {
  const random = seededRandom(seed);
  const cluster = new DriverCluster();
  const recorded = record(cluster);
  live(cluster, random);
  const termBefore = highestTerm(cluster);
  for (let sent = 0; sent < framesPerCluster && counts.frames < framesMax; sent += 1) {
    const target = at(cluster.machines, Math.floor(random() * 3));
    const members = cluster.machines.filter((machine) => machine !== target).map(({ id }) => id);
    const from = liar === "unknown" ? unknown : at(members, Math.floor(random() * 2));
    const payload = random() < 0.5 ? mutated(recorded, random) : lied(recorded, random);
    lieOnce(counts, target, { from, payload });
    if (sent % 10 === 0) cluster.tick();
    else cluster.settle();
    // Only who answers wrongly to silence would be noticed otherwise.
    if (sent % 50 === 0) cluster.put(target, `key-${sent}`);
    if (over(counts, cluster)) return;
  }
  cluster.tick(5);
  if (!over(counts, cluster) && liar === "unknown" && highestTerm(cluster) !== termBefore) counts.termsMovedByUnknown += 1;
}

function lieOnce(
  counts: LiarCounts,
  target: Machine,
  { from, payload }: { readonly from: NodeId; readonly payload: Buffer },
): void {
  counts.frames += 1;
  let message: Message;
  try {
    message = decodeMessage(payload);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    counts.undecodable += 1;
    return;
  }
  // A stream carries its own caller's messages to its own receiver only.
  const fault = target.driver.receive({ ...message, from, to: target.id });
  if (fault === null) counts.heard += 1;
  else counts.refused += 1;
}

/** Whether a node of the cluster has stopped, and why. */
function over(counts: LiarCounts, cluster: DriverCluster): boolean {
  let ended = false;
  for (const { fatal, told } of cluster.machines) {
    if (told.includes("logConflict")) {
      counts.conflicts += 1;
      ended = true;
    }
    for (const error of fatal) {
      const text = error instanceof Error ? `${error.name}: ${error.message}`.replace(/\d+/g, "N") : String(error);
      counts.deaths.set(text, (counts.deaths.get(text) ?? 0) + 1);
      ended = true;
    }
  }
  return ended;
}

/** Keeps every message that the nodes send each other from here on, as the bytes that it has on the wire. */
function record(cluster: DriverCluster): Buffer[] {
  const recorded: Buffer[] = [];
  for (const machine of cluster.machines) {
    const { driver } = machine;
    const receive = driver.receive.bind(driver);
    driver.receive = (message) => {
      if (recorded.length < 2000) recorded.push(encodeMessage(message).subarray(frameHeaderBytes));
      return receive(message);
    };
  }
  return recorded;
}

/** Some of everything that nodes say: writes at all of them, an election, a log that is caught up, a change of members. */
function live(cluster: DriverCluster, random: () => number): void {
  for (const machine of cluster.machines) for (let key = 0; key < 3; key += 1) cluster.put(machine, `key-${key}`);
  cluster.propose(cluster.n2, {
    kind: "lockAcquire",
    name: "lock",
    lease: { kind: "own", ttlMs: 60_000 },
    waitMs: 0,
    owner: null,
  });
  cluster.tick(3);
  for (const machine of cluster.machines) machine.driver.readIndex({ deadlineMs: machine.nowMs + 1000, settle: () => undefined });
  cluster.n3.away = true;
  cluster.put(cluster.n1, "without-n3");
  cluster.tick(2 + Math.floor(random() * 3));
  cluster.n3.away = false;
  cluster.tick(3);
  const leader = cluster.machines.find((machine) => machine.driver.raft.status.role === "leader");
  leader?.driver.transferLeadership({ to: null, deadlineMs: leader.nowMs + 1000, settle: () => undefined });
  cluster.tick(15);
}

function highestTerm(cluster: DriverCluster): number {
  return Math.max(...cluster.machines.map((machine) => machine.driver.raft.status.currentTerm));
}
