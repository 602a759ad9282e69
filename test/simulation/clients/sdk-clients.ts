/**
 * This file is all programs of a run that use the SDK: their machines, what is done to those, and when they rest.
 */
import { unreachable } from "../../../src/base/assert.ts";
import { at } from "../../../src/base/at.ts";
import { newSdkRecords, type SdkProgram, type SdkRecords } from "../checks/sdk-records.ts";
import { addressOf } from "../faults/operators.ts";
import type { SdkAct, SdkOptions } from "../faults/sdk-faults.ts";
import type { Cluster } from "../world/cluster.ts";
import { type RandomStream, randomStreams } from "../world/random.ts";
import type { Trace } from "../world/trace.ts";
import { resourceTakes } from "./lock-client.ts";
import { useConfig } from "./sdk-config.ts";
import { keepLease, useLock } from "./sdk-locks.ts";
import { SdkMachine } from "./sdk-machine.ts";
import { SdkNetwork } from "./sdk-network.ts";
import { SdkProcess } from "./sdk-process.ts";
import { SdkRig, type SdkWorld } from "./sdk-rig.ts";
import { drawKeptWatch, type KeptWatch, watchOn } from "./sdk-watches.ts";
import type { Workload } from "./workload.ts";

/** So that no other client has their numbers. */
const firstNumber = 1000;
const threads = 2;
const pauseMsMean = 400;
/** Longer than it takes to find a node that serves, where most are silent. */
const probeMs = 60_000;
/** After a close everything that belongs to a client has ended. */
const closedMs = 5;

/** Codes by which a call says that it found nobody who serves. */
const unserved: readonly string[] = ["unreachable", "no_leader", "outcome_unknown", "recovering", "overloaded", "shutting_down"];

type Machine = {
  readonly machine: SdkMachine;
  readonly kept: readonly KeptWatch[];
  rig: SdkRig | null;
  /** Its client is closed, and its programs end. */
  closing: boolean;
};

/** Those of the plan; null where it has none. */
export function drawSdkClients(cluster: () => Cluster, workload: Workload, trace: Trace): SdkClients | null {
  const { options, records, report } = workload;
  if (options.sdk === undefined) return null;
  const { scheduler } = cluster();
  return new SdkClients(cluster, options.sdk, {
    nowMs: () => scheduler.nowMs,
    options,
    records,
    sdk: newSdkRecords(),
    report,
    resourceTakes: (name, fence) => resourceTakes(workload, name, fence),
    told: (line) => {
      trace.noteText(line);
      trace.detail(scheduler.nowMs, () => line);
    },
  });
}

/** All machines with the SDK of a run. */
export class SdkClients {
  readonly counts = { programs: 0, crashes: 0, closes: 0, pauses: 0, suspends: 0, probes: 0 };
  readonly network: SdkNetwork;
  readonly #cluster: () => Cluster;
  readonly #world: SdkWorld;
  readonly #random: RandomStream;
  readonly #machines: readonly Machine[];
  #resting = false;
  #calm = false;
  /** Things that are being done, which end soon when everybody rests. */
  #busy = 0;
  #ended = false;

  constructor(cluster: () => Cluster, options: SdkOptions, world: SdkWorld) {
    this.#cluster = cluster;
    this.#world = world;
    const { scheduler } = cluster();
    // Not the beginning of the stream that the plan was drawn from.
    this.#random = randomStreams((world.options.seed ^ 0x51ed_270b) >>> 0).sdk;
    this.network = new SdkNetwork({
      scheduler,
      random: this.#random,
      options,
      machineAt: (node) => {
        const { nodes } = cluster();
        return nodes[node] === undefined ? undefined : cluster().machineAt(node);
      },
    });
    this.#machines = options.clockRates.map((rate, number) => ({
      machine: new SdkMachine(number, { scheduler, random: this.#random, rate }),
      kept: Array.from({ length: this.#random.integer(0, 2) }, () => drawKeptWatch(this.#random)),
      rig: null,
      closing: false,
    }));
  }

  start(): void {
    for (const machine of this.#machines) this.#begin(machine);
  }

  /** Nobody is at anything but watching. */
  get idle(): boolean {
    return this.#busy === 0;
  }

  /** What they were told. */
  get records(): SdkRecords {
    return this.#world.sdk;
  }

  /** What there was of them, and of what they were told. */
  get totals(): Readonly<Record<string, number>> {
    const { holds, mutations, calls, watches } = this.records;
    const items = watches.reduce((sum, watch) => sum + watch.items.length, 0);
    const unknown = mutations.filter(({ said }) => said === "unknown").length;
    const told = { holds: holds.length, mutations: mutations.length, unknown, calls: calls.length, watchItems: items };
    return { runs: 1, ...this.counts, ...this.network.counts, ...told, watches: watches.length };
  }

  /** How far each watch has come. */
  get covered(): readonly number[] {
    return this.#machines.flatMap(({ kept }) => kept.map(({ revision }) => revision ?? 0));
  }

  act(act: SdkAct): void {
    if (this.#calm) return;
    const each = at(this.#machines, act.machine);
    const { machine } = each;
    switch (act.kind) {
      case "pause":
        this.counts.pauses++;
        machine.stall({ durationMs: act.durationMs, suspended: false });
        return;
      case "suspend":
        this.counts.suspends++;
        machine.stall({ durationMs: act.durationMs, suspended: true });
        return;
      case "crash":
        this.#crash(each, act.downMs);
        return;
      case "wallJump":
        machine.clock.jumpWall(act.byMs);
        return;
      case "clockRate":
        machine.setRate(act.rate);
        return;
      case "cut":
        this.network.cut(act);
        return;
      case "close":
        this.#close(each);
        return;
      default:
        unreachable(act);
    }
  }

  /** Nothing is done to them any more. Who is not running comes back. */
  calmDown(): void {
    this.#calm = true;
    this.network.calmDown();
    for (const each of this.#machines) {
      each.machine.goOn();
      if (each.rig === null) this.#begin(each);
    }
  }

  /** Programs end what they are at; watches read on, as fast as they can. */
  rest(): void {
    this.#resting = true;
    for (const { kept, rig } of this.#machines) {
      for (const watch of kept) watch.hurried = true;
      for (const socket of rig?.process.sockets ?? []) if (socket.broken) socket.cut();
    }
    for (const socket of this.network.sockets) if (socket.broken) socket.cut();
  }

  /** What they were told was judged. They begin again, at the cluster that there is now; what they know of the one before they know. */
  goOn(): void {
    const { holds, mutations, calls } = this.records;
    for (const list of [holds, mutations, calls]) list.length = 0;
    this.#resting = false;
    for (const { rig } of this.#machines) if (rig !== null) this.#work(rig);
  }

  /** Each client writes once, wherever it stands; the answer says whether all of them have been told that it was done. */
  probe(): () => boolean {
    let left = 0;
    for (const { rig } of this.#machines) {
      if (rig === null) continue;
      left++;
      this.counts.probes++;
      const mark = rig.nextMark();
      const put = rig.client.config.put("sdk", mark, { contentType: "text/plain", timeoutMs: probeMs });
      const putting = rig.mutate({ what: "put", mark }, rig.track(`probe ${mark}`, probeMs, put), (value) => value.modRevision);
      this.network.scheduler.touched();
      void putting.then((written) => {
        left--;
        if (!written.ok && unserved.includes(written.error.code))
          this.#world.report(
            "SDK finds who serves",
            `${rig.program.name} found nobody, though a majority serves: ${written.error.detail}`,
          );
      });
    }
    return () => left === 0;
  }

  /** Ends all programs and their watches, for good. */
  end(): void {
    this.#ended = true;
    for (const each of this.#machines) this.#close(each);
  }

  #begin(each: Machine): void {
    const { machine } = each;
    const number = ++this.counts.programs;
    const name = `s${machine.number}.${number}`;
    const program: SdkProgram = { name, stalls: machine.stalls, goneAtMs: null };
    const { seed } = this.#world.options;
    // What a program draws does not depend on what others do.
    const random = randomStreams((Math.imul(seed, 0x9e37_79b1) ^ (number * 0x1_0001 + machine.number)) >>> 0).sdk;
    const endpoints = this.#cluster().nodes.map(({ id }) => addressOf(id).apiUrl);
    machine.run(() => {
      if (each.rig !== null) return;
      const process = new SdkProcess(machine, { network: this.network, random, name, endpoints });
      const rig = new SdkRig({ number: firstNumber + number, process, program, random, world: this.#world });
      each.rig = rig;
      each.closing = false;
      for (const kept of each.kept) void watchOn(rig, kept, () => this.#isOver(rig));
      this.#work(rig);
    });
  }

  #isOver(rig: SdkRig): boolean {
    return !this.#machines.some((each) => each.rig === rig && !each.closing);
  }

  #work(rig: SdkRig): void {
    this.network.scheduler.touched();
    const seen = new Map<string, { readonly value: string; readonly revision: number }>();
    for (let thread = 0; thread < threads; thread++) void this.#thread(rig, seen);
  }

  async #thread(rig: SdkRig, seen: Parameters<typeof useConfig>[1]): Promise<void> {
    const { random } = rig;
    for (;;) {
      await rig.process.sleep(random.exponential(pauseMsMean) + 1);
      if (this.#resting || this.#isOver(rig)) return;
      this.#busy++;
      rig.rounds++;
      const draw = random.fraction();
      try {
        if (draw < 0.4) await useLock(rig);
        else if (draw < 0.5) await keepLease(rig);
        else await useConfig(rig, seen);
      } catch (error) {
        this.#world.report(
          "SDK promises settle",
          `${rig.program.name} rejected: ${error instanceof Error ? error.stack : String(error)}`,
        );
      }
      this.#busy--;
      rig.rounds--;
    }
  }

  #crash(each: Machine, downMs: number): void {
    const { rig } = each;
    if (rig === null) return;
    this.counts.crashes++;
    this.#leave(each, rig);
    // What starts again is not stopped.
    each.machine.goOn();
    this.network.scheduler.after(downMs, () => {
      if (each.rig === null && !this.#ended) this.#begin(each);
    });
  }

  /** The process is gone, with all that it was at. */
  #leave(each: Machine, rig: SdkRig): void {
    each.rig = null;
    this.#busy -= rig.rounds;
    rig.process.crash();
    rig.gone();
  }

  /** Closes the client: everything must end then. */
  #close(each: Machine): void {
    const { rig, machine } = each;
    if (rig === null || machine.isStalled || each.closing) return;
    this.counts.closes++;
    each.closing = true;
    this.network.scheduler.touched();
    rig.client.close();
    this.network.scheduler.after(closedMs, () => this.#closed(each, rig));
  }

  #closed(each: Machine, rig: SdkRig): void {
    if (each.rig !== rig) return;
    // Who could not run in the meantime has a little more time.
    if (each.machine.isStalled || each.machine.stalls.some(({ untilMs }) => untilMs > this.network.scheduler.nowMs - closedMs)) {
      this.network.scheduler.after(closedMs, () => this.#closed(each, rig));
      return;
    }
    const left = [...rig.process.left(), ...rig.openCalls.map(({ what }) => what)];
    if (left.length > 0) this.#world.report("nothing left of a closed client", `${rig.program.name} has ${left.join(", ")}`);
    this.#leave(each, rig);
    if (!this.#ended) this.#begin(each);
  }
}
