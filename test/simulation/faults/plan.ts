/**
 * This file expands a seed into a run: its shape, its rates, and a tape of timed faults and client operations. Each operation has
 * a random salt of its own, so that leaving items out of the tape does not change the others.
 */
import { unreachable } from "../../../src/base/assert.ts";
import { type ClockRegime, drawRate } from "../world/clock-model.ts";
import type { DiskRates } from "../world/disk-model.ts";
import type { NetworkRates } from "../world/network-model.ts";
import { type RandomStream, type RandomStreams, randomStreams, sampleSwarm } from "../world/random.ts";
import { drawFilling, type Hoard } from "./filling.ts";
import { drawFolderFaults } from "./folder-faults.ts";
import { drawOperations } from "./load-phases.ts";
import { drawSdk, type SdkAct, type SdkOptions } from "./sdk-faults.ts";

/** `node` -1 means whoever leads at that moment. */
export type Fault =
  | { readonly kind: "crash"; readonly node: number; readonly downMs: number }
  /** At the next write: before, after, or in the midst of it. */
  | { readonly kind: "crashAtWrite"; readonly node: number; readonly downMs: number }
  | { readonly kind: "stop"; readonly node: number; readonly downMs: number }
  | { readonly kind: "powerLoss"; readonly downMs: number }
  | { readonly kind: "pause"; readonly node: number; readonly durationMs: number; readonly keepsInbound: boolean }
  | { readonly kind: "partition"; readonly salt: number; readonly durationMs: number }
  | { readonly kind: "clog"; readonly from: number; readonly to: number; readonly durationMs: number }
  | { readonly kind: "stall"; readonly node: number; readonly durationMs: number }
  | { readonly kind: "clockRate"; readonly node: number; readonly rate: number }
  | { readonly kind: "wallJump"; readonly node: number; readonly byMs: number }
  /** Short runs of one process, one after the other. */
  | { readonly kind: "crashLoop"; readonly node: number; readonly times: number; readonly upMs: number; readonly downMs: number }
  /** Waits for nodes to begin something, and strikes then: `times` times, each for about `durationMs`. */
  | {
      readonly kind: "ambush";
      readonly on: "leader" | "candidate";
      readonly style: AmbushStyle | "mixed";
      readonly times: number;
      readonly delayMs: number;
      readonly durationMs: number;
      readonly salt: number;
    }
  /** Leadership is handed over, `times` times. With `blindMs` the old leader hears everything that much later. */
  | {
      readonly kind: "transfer";
      readonly times: number;
      readonly gapMs: number;
      readonly blindMs: number;
      readonly salt: number;
    }
  /** An operator changes who takes part, in a way that leaves a majority of living voters. */
  | { readonly kind: "membership"; readonly salt: number }
  /** A record of the log can no longer be read. */
  | { readonly kind: "rot"; readonly node: number; readonly salt: number }
  /** The process ends after a while, and what its disk shows then is what was there before the last write. */
  | { readonly kind: "takeBack"; readonly node: number; readonly afterMs: number; readonly downMs: number }
  /** The disk is lost for good, and the node with it; a machine with an empty one is started in its place. */
  | { readonly kind: "wipe"; readonly node: number }
  /** The folder is copied while its node is up. */
  | { readonly kind: "backup"; readonly node: number }
  /** The machine is put back to a backup. */
  | { readonly kind: "restore"; readonly node: number }
  /** So many leases begin within `spreadMs`, and end together because nobody renews them. */
  | {
      readonly kind: "crowd";
      readonly leases: number;
      readonly ttlMs: number;
      readonly spreadMs: number;
      readonly salt: number;
    }
  /** So many frames come from machines that are no members, some of them with bytes changed. */
  | { readonly kind: "strangers"; readonly times: number; readonly salt: number }
  /** Members say what they must not say, so many times. */
  | { readonly kind: "lies"; readonly times: number; readonly salt: number }
  /** A second process is started on a copy of the folder. */
  | { readonly kind: "clone"; readonly node: number }
  | Hoard;

/** What an ambush can do to a node. */
export const ambushStyles = [
  "isolate",
  /** Cut off, but for one other node. */
  "keepOne",
  "mute",
  "deaf",
  "crash",
  "crashAtWrite",
  "crashOther",
  "pause",
  /** Hears everything late. */
  "blind",
  /** Cut off, but what was said to it before comes in late. */
  "echo",
  /** Cut off, and handed leadership as soon as it is back. */
  "comeback",
  /** Leadership goes to the node with the longest election timeout, and that one is cut off while the others are soon free to elect. */
  "lend",
] as const;
/** One of `ambushStyles`. */
export type AmbushStyle = (typeof ambushStyles)[number];
/** One thing that happens at a given virtual time. */
export type TapeItem =
  | { readonly atMs: number; readonly kind: "fault"; readonly fault: Fault }
  | { readonly atMs: number; readonly kind: "sdk"; readonly act: SdkAct }
  /** The client does one thing if it is idle; what, is drawn from `salt`. */
  | { readonly atMs: number; readonly kind: "operation"; readonly client: number; readonly salt: number };

/** The shape and the rates of a run. */
export type RunOptions = {
  readonly seed: number;
  readonly nodes: number;
  /** Nodes that are no members in the beginning. */
  readonly spares: number;
  readonly clients: number;
  readonly keys: number;
  readonly locks: number;
  readonly watches: number;
  /** Watches that begin with a snapshot; some of them do not read. */
  readonly snapshotWatches: number;
  /** Of locks and leases, for snapshots that are read while they change. */
  readonly pastRowsMax: number;
  /** About what each member can hold. */
  readonly stateBytesMax: number;
  /** Faults and load; what follows is the time to recover. */
  readonly durationMs: number;
  readonly tickMs: number;
  readonly electionTicks: number;
  readonly heartbeatTicks: number;
  readonly clockRegime: ClockRegime;
  readonly clockRates: readonly number[];
  readonly network: NetworkRates;
  readonly disk: DiskRates;
  /** Of client calls: that the request, or the answer, is lost. */
  readonly clientLoss: number;
  /** Lets batches, messages and applies be small, so that their edges are met. */
  readonly messageBytesMax: number;
  readonly applyBytesMax: number;
  readonly inFlightMessagesMax: number;
  readonly logEntriesMax: number;
  /** Reads on a lease, which is a promise about time; by nodes whose settings differ. */
  readonly readLeases: boolean;
  /** When all is judged, the folders are wiped and the cluster is made again, for that long; 0 never. */
  readonly remadeForMs: number;
  /** Programs that use the SDK, where there are any. */
  readonly sdk?: SdkOptions;
  /** Clients and watches go through the API of the nodes instead of their services. */
  readonly wire: boolean;
};

/** Of all runs: those whose clients, watches and operators go through the API. */
const wireShare = 0.25;

/** Everything that is drawn from a seed. */
export type Plan = { readonly options: RunOptions; readonly tape: readonly TapeItem[] };

/** What a caller may fix; the rest is drawn. */
export type PlanLimits = {
  readonly durationMs: number;
  /** Programs with the SDK in every run. */
  readonly sdk?: boolean;
};

/** Draws the plan of `seed`; the same seed and limits give the same plan. */
export function drawPlan(seed: number, limits: PlanLimits): Plan {
  const streams = randomStreams(seed);
  // At the time of drawing, nobody else uses that of the checks.
  const { swarm, checks } = streams;
  const filling = drawFilling(limits.durationMs, checks);
  const nodes = swarm.chance(0.3) ? 5 : 3;
  const spares = swarm.chance(0.4) ? swarm.integer(1, 4) : 0;
  const clockRegime = swarm.chance(0.7) ? "bounded" : "unbounded";
  const rates = sampleSwarm(
    {
      loss: { on: 0.5, from: 0.001, to: 0.3 },
      duplicate: { on: 0.5, from: 0.01, to: 0.5 },
      reorder: { on: 0.5, from: 0.01, to: 0.8 },
      stale: { on: 0.3, from: 0.0005, to: 0.01 },
      delayMean: { on: 0.6, from: 1, to: 100 },
      slow: { on: 0.4, from: 0.001, to: 0.1 },
      failure: { on: 0.3, from: 0.00005, to: 0.002 },
      clientLoss: { on: 0.5, from: 0.005, to: 0.2 },
      recode: { on: 0.5, from: 0.01, to: 0.2 },
    },
    swarm,
  );
  let options: RunOptions = {
    seed,
    nodes,
    spares,
    clients: swarm.integer(4, 24),
    keys: swarm.integer(1, 12),
    locks: swarm.integer(1, 4),
    watches: swarm.integer(0, 6),
    snapshotWatches: checks.pick([0, 0, 1, 1, 2, 3]),
    pastRowsMax: checks.pick([10, 100, 50_000]),
    stateBytesMax: filling.stateBytesMax,
    durationMs: limits.durationMs,
    tickMs: swarm.pick([20, 50, 100]),
    electionTicks: swarm.integer(9, 15),
    heartbeatTicks: swarm.integer(1, 3),
    clockRegime,
    clockRates: Array.from({ length: nodes + spares }, () => drawRate(clockRegime, streams.clock)),
    network: {
      delayMsMin: swarm.between(0, 10),
      delayMsMean: rates.delayMean === 0 ? 0.5 : rates.delayMean,
      loss: rates.loss,
      duplicate: rates.duplicate,
      reorder: rates.reorder,
      stale: rates.stale,
      staleMsMax: swarm.magnitude(100, 60_000),
      queueMax: swarm.pick([2, 20, 200, 10_000]),
      unreachableReport: swarm.pick([0, 0.5, 1]),
      recode: rates.recode,
    },
    disk: {
      latencyMsMin: 0.2,
      latencyMsMean: swarm.magnitude(0.2, 10),
      slow: rates.slow,
      slowMsMax: 5000,
      failure: rates.failure,
    },
    clientLoss: rates.clientLoss,
    messageBytesMax: swarm.pick([100, 1000, 1_000_000]),
    applyBytesMax: swarm.pick([100, 1000, 1_000_000]),
    inFlightMessagesMax: swarm.pick([1, 4, 256]),
    logEntriesMax: swarm.pick([30, 200, 1_000_000]),
    readLeases: false,
    remadeForMs: streams.checks.chance(0.1) ? streams.checks.between(2000, 6000) : 0,
    wire: streams.wire.chance(wireShare),
  };
  if (clockRegime === "bounded" && swarm.chance(0.5)) options = { ...options, readLeases: true };
  const hoards = filling.hoards.map((hoard) => ({ kind: "fault", ...hoard }) as const);
  const tape: TapeItem[] = [...drawFaults(options, streams), ...hoards, ...drawOperations(options, streams.workload)];
  const sdk = drawSdk(options, streams.sdk, limits.sdk === true);
  if (sdk !== null) options = { ...options, sdk: sdk.options };
  tape.push(...(sdk?.acts ?? []));
  tape.sort((a, b) => a.atMs - b.atMs);
  return { options, tape };
}

function drawFaults(options: RunOptions, streams: RandomStreams): TapeItem[] {
  const perMinute = sampleSwarm(
    {
      crash: { on: 0.5, from: 0.2, to: 10 },
      crashAtWrite: { on: 0.5, from: 0.2, to: 20 },
      stop: { on: 0.3, from: 0.2, to: 3 },
      powerLoss: { on: 0.2, from: 0.1, to: 2 },
      pause: { on: 0.4, from: 0.2, to: 10 },
      partition: { on: 0.6, from: 0.5, to: 20 },
      clog: { on: 0.3, from: 0.5, to: 20 },
      stall: { on: 0.3, from: 0.2, to: 5 },
      clockRate: { on: 0.4, from: 0.2, to: 5 },
      wallJump: { on: 0.4, from: 0.2, to: 5 },
      crashLoop: { on: 0.35, from: 0.5, to: 8 },
      ambush: { on: options.readLeases ? 0.9 : 0.5, from: 1, to: 10 },
      transfer: { on: 0.35, from: 0.5, to: 15 },
      membership: { on: options.spares > 0 ? 0.95 : 0.1, from: 3, to: 40 },
      rot: { on: 0.3, from: 1, to: 10 },
      wipe: { on: options.spares > 0 ? 0.4 : 0, from: 0.3, to: 2 },
    },
    streams.swarm,
  );
  const items: TapeItem[] = drawFolderFaults(options, streams.folders);
  for (const kind of Object.keys(perMinute) as Exclude<Fault["kind"], FolderKind>[]) {
    const rate = perMinute[kind];
    if (rate === 0) continue;
    const meanMs = 60_000 / rate;
    const random = kind === "clockRate" || kind === "wallJump" ? streams.clock : streams.proc;
    for (let atMs = random.exponential(meanMs); atMs < options.durationMs; atMs += random.exponential(meanMs)) {
      items.push({ atMs, kind: "fault", fault: drawFault(kind, options, random) });
    }
  }
  return items;
}

function drawFault(kind: Exclude<Fault["kind"], FolderKind>, options: RunOptions, random: RandomStream): Fault {
  const node = random.chance(0.4) ? -1 : random.integer(0, options.nodes - 1);
  const downMs = random.magnitude(1, 20_000);
  switch (kind) {
    case "crash":
    case "crashAtWrite":
    case "stop":
      return { kind, node, downMs };
    case "powerLoss":
      return { kind, downMs: random.magnitude(1, 3000) };
    case "pause":
      return { kind, node, durationMs: random.magnitude(1, 30_000), keepsInbound: random.chance(0.5) };
    case "partition":
      return { kind, salt: random.integer(0, 0x7fff_ffff), durationMs: random.magnitude(100, 30_000) };
    case "clog": {
      const from = random.integer(0, options.nodes - 1);
      return {
        kind,
        from,
        to: (from + random.integer(1, options.nodes - 1)) % options.nodes,
        durationMs: random.magnitude(10, 5000),
      };
    }
    case "stall":
      return { kind, node, durationMs: random.magnitude(10, 20_000) };
    case "clockRate":
      return { kind, node: random.integer(0, options.nodes - 1), rate: drawRate(options.clockRegime, random) };
    case "wallJump":
      return { kind, node, byMs: random.between(-3_600_000, 3_600_000) };
    case "crashLoop":
    case "ambush":
    case "transfer":
    case "membership":
    case "rot":
    case "wipe":
      return drawTargeted(kind, node, options, random);
    default:
      return unreachable(kind);
  }
}

type FolderKind = "backup" | "restore" | "clone" | "strangers" | "crowd" | "takeBack" | "lies" | "hoard";
type TargetedKind = "crashLoop" | "ambush" | "transfer" | "membership" | "rot" | "wipe";

function drawTargeted(kind: TargetedKind, node: number, options: RunOptions, random: RandomStream): Fault {
  const electionMs = options.tickMs * options.electionTicks;
  const salt = random.integer(0, 0x7fff_ffff);
  switch (kind) {
    case "crashLoop":
      return {
        kind,
        node,
        times: random.integer(2, 8),
        upMs: random.magnitude(1, 2 * electionMs),
        downMs: random.magnitude(1, 100),
      };
    case "ambush":
      return {
        kind,
        on: random.pick(["leader", "leader", "candidate"]),
        style: drawStyle(options, random),
        times: random.integer(1, 10),
        delayMs: random.magnitude(0.1, electionMs),
        durationMs: random.magnitude(0.2, 4) * electionMs,
        salt,
      };
    case "transfer":
      return {
        kind,
        times: random.chance(0.5) ? 1 : random.integer(2, 8),
        gapMs: random.magnitude(10, electionMs),
        blindMs: random.chance(0.5) ? 0 : random.magnitude(10, electionMs),
        salt,
      };
    case "membership":
      return { kind, salt };
    case "rot":
      return { kind, node, salt };
    case "wipe":
      return { kind, node };
    default:
      return unreachable(kind);
  }
}

function drawStyle(options: RunOptions, random: RandomStream): AmbushStyle | "mixed" {
  // Late answers are what leases on reads must stand.
  if (options.readLeases && random.chance(0.6)) return random.pick(["echo", "lend"]);
  // A leader that comes back with a time of its own is what the log's clock must stand.
  if (random.chance(0.3)) return "comeback";
  return random.chance(0.5) ? "mixed" : random.pick(ambushStyles);
}
