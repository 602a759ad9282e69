/**
 * This file plays one plan from beginning to end and judges it: faults and load; then a random majority without faults,
 * which must serve again soon; then everybody, who must agree; then all the checks that look at the whole run.
 */
import { at } from "../../src/base/at.ts";
import { membersOf } from "../../src/raft/members.ts";
import { type CommittedFact, committedWrites, replay } from "./checks/committed-log.ts";
import { type CheckName, type Finding, findingText, type Report } from "./checks/finding.ts";
import { checkLinearizable, describeVerdict } from "./checks/linearizability.ts";
import { checkLocks } from "./checks/lock-checks.ts";
import { checkChanges } from "./checks/membership-checks.ts";
import { isLimitAgreed } from "./checks/quota-checks.ts";
import { checkForeignRequests, checkRequests } from "./checks/request-checks.ts";
import { checkRevisionOrder } from "./checks/revision-order.ts";
import { checkSdk } from "./checks/sdk-checks.ts";
import { checkStaleReads } from "./checks/stale-read-checks.ts";
import { checkWatches } from "./checks/watch-checks.ts";
import { checkWork } from "./checks/work-checks.ts";
import { Marks } from "./clients/marks.ts";
import type { Records } from "./clients/records.ts";
import { Scouts } from "./clients/scouts.ts";
import { drawSdkClients, type SdkClients } from "./clients/sdk-clients.ts";
import type { WatchClient } from "./clients/watcher.ts";
import { drawWatchers, leftOpen } from "./clients/watchers.ts";
import { Client, type Workload } from "./clients/workload.ts";
import type { Plan } from "./faults/plan.ts";
import { Remake } from "./faults/remake.ts";
import { countsOf } from "./run-counts.ts";
import { rateErrorMax } from "./world/clock-model.ts";
import { Cluster } from "./world/cluster.ts";
import { slowestElections } from "./world/node-world.ts";
import { Trace } from "./world/trace.ts";

/** The result of one run. */
export type RunReport = {
  readonly seed: number;
  /** Empty when the run is as it should be. */
  readonly findings: readonly Finding[];
  readonly hash: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly story: readonly string[];
};

const findingsMax = 5;
/** By then every client of the SDK has found who serves; and by then those that are closed have left their nodes. */
const sdkProbeMs = 120_000;
const sdkClosedMs = 500;
/** Things that may happen at one moment; more is a loop that feeds itself. */
const eventsAtOnceMax = 20_000;
/** In which a node learns that a client is gone, and whatever keeps a lease alive by a connection has ended. */
const connectionsEndMs = 25_000;
const checkerStepsMax = 100_000_000;

/** Plays `plan`; settles when it is judged. `wholeStory` keeps every line, and changes nothing else. */
export function play(plan: Plan, options: { readonly wholeStory: boolean }): Promise<RunReport> {
  return new Run(plan, options).play();
}

class Run {
  readonly #plan: Plan;
  readonly #trace: Trace;
  readonly #findings: Finding[] = [];
  /** The present one last. */
  readonly #clusters: Cluster[] = [];
  readonly #records: Records;
  readonly #clients: readonly Client[];
  readonly #scouts: Scouts;
  readonly #watchers: readonly WatchClient[];
  readonly #sdk: SdkClients | null;
  readonly #marks = new Marks();
  /** Of all clusters. */
  readonly #facts: CommittedFact[] = [];
  readonly #remade = { clustersRemade: 0, oldRequestsRepeated: 0 };
  /** What was counted of the room in each of their states. */
  readonly #room: Readonly<Record<string, number>>[] = [];

  constructor(plan: Plan, options: { readonly wholeStory: boolean }) {
    this.#plan = plan;
    this.#trace = new Trace(options);
    const report: Report = (check, detail) => this.#report(check, detail);
    const cluster = new Cluster(plan.options, { trace: this.#trace, report });
    this.#clusters.push(cluster);
    this.#records = {
      operations: [],
      locks: [],
      answers: [],
      staleReads: [],
      watches: () => this.#watchers.flatMap((watcher) => watcher.records()),
    };
    const workload: Workload = { port: cluster.clients, options: plan.options, records: this.#records, report };
    this.#clients = Array.from({ length: plan.options.clients }, (_, number) => new Client(number, workload));
    this.#scouts = new Scouts(cluster, workload, plan.options.clients);
    this.#watchers = drawWatchers(() => this.#cluster, plan.options, report);
    this.#sdk = drawSdkClients(() => this.#cluster, workload, this.#trace);
  }

  get #cluster(): Cluster {
    return at(this.#clusters, this.#clusters.length - 1);
  }

  async play(): Promise<RunReport> {
    const { scheduler, nodes } = this.#cluster;
    const { durationMs } = this.#plan.options;
    for (const node of nodes.slice(0, this.#cluster.spareFrom)) node.start();
    for (const watcher of this.#watchers) watcher.start();
    this.#sdk?.start();
    this.#cluster.calls.streams.dial();
    for (const lookAtMs of [2000, 6000, 20_000]) scheduler.after(lookAtMs, () => this.#cluster.folderKeepers.beginAnew());
    for (const item of this.#plan.tape) {
      scheduler.after(item.atMs, () => {
        if (item.kind === "fault") this.#cluster.inflict(item.fault);
        else if (item.kind === "sdk") this.#sdk?.act(item.act);
        else this.#clients[item.client]?.operate(item.salt);
      });
    }
    try {
      await this.#runUntil(() => false, durationMs);
      if (this.#findings.length === 0) await this.#recover();
      if (this.#findings.length === 0) this.#judge();
      if (this.#findings.length === 0 && this.#plan.options.remadeForMs > 0) await this.#remake();
    } catch (error) {
      // An assertion outside of a node: of the models, or of the log applied anew.
      this.#report(
        "assertion in the sources",
        `the run broke: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
    }
    return this.#reportOfRun();
  }

  /** Runs until `done`, a finding, or for `forMs`; says whether `done`. */
  async #runUntil(done: () => boolean, forMs: number): Promise<boolean> {
    const { scheduler } = this.#cluster;
    const untilMs = scheduler.nowMs + forMs;
    let atMs = scheduler.nowMs;
    let eventsAtOnce = 0;
    while (this.#findings.length === 0) {
      if (done()) return true;
      eventsAtOnce = scheduler.nowMs === atMs ? eventsAtOnce + 1 : 0;
      atMs = scheduler.nowMs;
      if (eventsAtOnce > eventsAtOnceMax) this.#report("liveness", `time stands still at ${atMs}: ${this.#positions()}`);
      if (!scheduler.next(untilMs)) return done();
      if (scheduler.hasPromises) await scheduler.settled();
    }
    return false;
  }

  /** All folders are wiped, and a cluster is formed anew at the same addresses, while clients and watches are what they were. */
  async #remake(): Promise<void> {
    const { options } = this.#plan;
    if (this.#clients.some((client) => client.busy) || this.#sdk?.idle === false) return;
    const before = this.#cluster;
    const again = new Cluster(
      { ...options, seed: options.seed ^ 0x5bd1_e995 },
      { trace: this.#trace, report: (check, detail) => this.#report(check, detail), before },
    );
    this.#trace.tell(before.scheduler.nowMs, "all folders are wiped, and the cluster is made again");
    this.#clusters.push(again);
    this.#remade.clustersRemade++;
    const remake = new Remake({ before, again, clients: this.#clients, watchers: this.#watchers, records: this.#records });
    remake.begin(options.remadeForMs);
    this.#sdk?.goOn();
    await this.#runUntil(() => false, options.remadeForMs);
    if (this.#findings.length === 0) await this.#recover();
    if (this.#findings.length === 0) this.#judge();
    this.#remade.oldRequestsRepeated += remake.repeated;
    this.#reportAll(remake.findings());
  }

  async #recover(): Promise<void> {
    const { scheduler } = this.#cluster;
    const { options } = this.#plan;
    // The slowest clock of the unbounded regime runs at half the speed.
    const slowest = (options.readLeases ? slowestElections : 1) * (options.clockRegime === "bounded" ? 1 : 2);
    const electionMs = options.tickMs * options.electionTicks * 2 * slowest;
    this.#cluster.operators.retireRemoved();
    if (!(await this.#form())) return;
    const core = this.#drawCore();
    this.#trace.tell(scheduler.nowMs, `faults end; the core is ${[...core].join(",")}`);
    this.#cluster.calmDown(core);
    this.#sdk?.calmDown();
    if (!(await this.#runUntil(this.#marks.write(this.#cluster, core), 10 * electionMs))) {
      this.#report(
        "liveness",
        `no write within 10 election timeouts (${10 * electionMs} ms) in the core ${[...core].join(",")}: ${this.#positions()}`,
      );
      return;
    }
    this.#trace.tell(scheduler.nowMs, "the core serves");
    if (this.#sdk !== null) await this.#runUntil(this.#sdk.probe(), sdkProbeMs);
    this.#cluster.healAll();
    this.#cluster.operators.retireRemoved();
    for (const watcher of this.#watchers) watcher.hurry();
    this.#sdk?.rest();
    // Clients finish what they are at; leases run out.
    await this.#runUntil(
      () => !this.#scouts.busy && this.#sdk?.idle !== false && this.#clients.every(({ busy }) => !busy),
      120_000,
    );
    // Leases end within their TTL of at most 5 s, by a clock at half the speed; the last waiter of a queue goes with its lease.
    if (!(await this.#runUntil(() => !this.#isSomebodyQueued(), 25_000))) {
      this.#report("waits end with their lease", "waiters are left in a queue with nobody behind them");
      return;
    }
    const all = new Set(this.#cluster.living.map((node) => node.index));
    if (!(await this.#runUntil(this.#marks.write(this.#cluster, all), 10 * electionMs)))
      this.#report("liveness", `no write after everything was healed: ${this.#positions()}`);
    else if (!(await this.#runUntil(() => this.#agreeAmongMembers(), 30 * electionMs + 20_000)))
      this.#report("liveness", `no agreement: ${this.#positions()}`);
    else if (!(await this.#runUntil(() => this.#cluster.impostors.untold.length === 0, 10_000 + 10 * electionMs)))
      this.#report("copies kept out", `nobody tells ${this.#cluster.impostors.untold.map(({ id }) => id).join(", ")} to stop`);
    else await this.#endWatches();
  }

  /** A cluster that has not begun needs all of its first members for that. */
  async #form(): Promise<boolean> {
    const cluster = this.#cluster;
    if (cluster.formed) return true;
    // Those that gave up for good live again on their new folders.
    cluster.folderKeepers.beginAnew();
    cluster.calmDown(new Set(cluster.living.map((node) => node.index)));
    if (await this.#runUntil(() => cluster.formed, 20_000)) return true;
    const isStuck = cluster.nodes.every(({ folder }) => folder.cluster === null);
    this.#report(
      "one cluster formed",
      `the first members do not find each other${isStuck ? "" : ", and some of them have begun"}: ${this.#positions()}`,
    );
    return false;
  }

  /** A random part of the living that can decide, whichever membership turns out to be in force. */
  #drawCore(): ReadonlySet<number> {
    const { living, operators, streams } = this.#cluster;
    const numbers = living.map((node) => node.index);
    for (let attempt = 0; attempt < 20; attempt++) {
      const core = new Set(streams.checks.sample(numbers, streams.checks.integer(1, numbers.length)));
      if (operators.canDecide(core)) return core;
    }
    return new Set(numbers);
  }

  #isSomebodyQueued(): boolean {
    const tables = this.#cluster.leader()?.process?.service.inside.tables;
    if (tables === undefined) return true;
    for (const _ of tables.range("waiters", { limit: 1 })) return true;
    return false;
  }

  #agreeAmongMembers(): boolean {
    // A change of members may have ended only now.
    this.#cluster.operators.retireStrangers();
    return this.#agree();
  }

  #agree(): boolean {
    const leader = this.#cluster.leader();
    if (leader === null) return false;
    const members = membersOf(leader.membership);
    const nodes = this.#cluster.nodes.filter((node) => members.includes(node.id) && !node.gone);
    const first = leader;
    const { revision } = first;
    const membership = JSON.stringify(first.membership);
    // A removed node that has not heard of it yet ends when it does.
    return (
      nodes.every((node) => node.alive && JSON.stringify(node.membership) === membership && !node.quarantined) &&
      nodes.every(
        (node) =>
          node.alive && node.appliedIndex === first.appliedIndex && node.lastIndex === node.appliedIndex && !node.disk.isWriting,
      ) &&
      nodes.every((node) => node.durableAppliedIndex === first.appliedIndex && node.disk.log.lastIndex === first.appliedIndex) &&
      // A state that was received is installed, or given up.
      nodes.every((node) => node.disk.received === null) &&
      this.#watchers.every((watcher) => watcher.covered === revision) &&
      this.#sdk?.covered.every((covered) => covered === revision) !== false &&
      isLimitAgreed(leader, nodes)
    );
  }

  async #endWatches(): Promise<void> {
    this.#trace.tell(this.#cluster.scheduler.nowMs, "all agree");
    // Who lives to see the cluster made again does not know yet that this one ends.
    if (this.#plan.options.remadeForMs > 0 && this.#clusters.length === 1) return;
    this.#sdk?.end();
    if (this.#sdk !== null) await this.#runUntil(() => false, sdkClosedMs);
    for (const watcher of this.#watchers) watcher.end();
    // What goes by a connection takes its time, and so does the end of one that nobody answers any more.
    if (this.#plan.options.wire) await this.#runUntil(() => leftOpen(this.#cluster.living).length === 0, connectionsEndMs);
    this.#reportAll(leftOpen(this.#cluster.living));
  }

  #positions(): string {
    const nodes = this.#cluster.living.map((node) =>
      node.alive
        ? `${node.id} ${node.role} term ${node.term} applied ${node.appliedIndex} of ${node.lastIndex}, on disk ${node.durableAppliedIndex} of ${node.disk.bare.lastIndex}${node.quarantined ? " quarantined" : ""} hash ${node.disk.stateHash}`
        : `${node.id} down`,
    );
    return [...nodes, ...this.#watchers.map((watcher, i) => `watch ${i} at ${watcher.covered}`)].join("; ");
  }

  #judge(): void {
    const { invariants, membership, cluster } = this.#cluster;
    const { options } = this.#plan;
    const entries = invariants.committedEntries();
    const start = { storeId: cluster?.clusterId ?? "", instances: cluster?.first ?? {}, membership };
    const snapshots = this.#watchers.flatMap((watcher) => watcher.snapshots);
    const truth = replay(entries, { ...start, committedAtMs: invariants.committedAtMs, snapshots });
    this.#room.push(truth.quota.counts);
    const committed = committedWrites(truth.facts);
    this.#facts.push(...truth.facts);
    for (const node of this.#cluster.nodes) {
      if (node.durableAppliedIndex === entries.length && node.disk.stateHash !== truth.stateHash)
        this.#report("state machine safety", `${node.id} differs from the log applied anew`);
    }
    const { operations, locks, answers, staleReads } = this.#records;
    // In every other run the search does not believe revisions, so that a lying one cannot hide a bug.
    const mode = options.seed % 2 === 0 ? "revisions" : "values";
    const verdict = checkLinearizable(operations, { mode, stepsMax: checkerStepsMax, committed });
    if (verdict.kind !== "ok") this.#report("linearizability", describeVerdict(verdict));
    const bounded = options.clockRegime === "bounded" ? rateErrorMax : null;
    const sdkOptions = { storeId: start.storeId, rateErrorMax: bounded, endMs: this.#cluster.scheduler.nowMs, findingsMax };
    const findings = [
      ...checkRevisionOrder(operations, { committed: committed.filter((write) => /^k\d+$/.test(write.key)), findingsMax }),
      ...checkLocks(truth.facts, locks, { rateErrorMax: bounded, findingsMax }),
      ...(this.#sdk === null ? [] : checkSdk(truth.facts, this.#sdk.records, sdkOptions)),
      ...checkWork(truth.facts, { findingsMax }),
      ...checkWatches(truth.facts, this.#records.watches(), { findingsMax }),
      ...checkRequests(truth.facts, answers, { findingsMax, answersAfterWait: truth.answersAfterWait }),
      ...checkForeignRequests(truth.facts, start.storeId, { findingsMax }),
      ...checkStaleReads(staleReads, committed),
      ...truth.quota.findings,
      ...truth.snapshotFindings,
      ...checkChanges(this.#cluster.operators.agreed, { entries, first: membership }),
    ];
    this.#reportAll(findings);
  }

  #reportAll(findings: readonly Finding[]): void {
    for (const { check, detail } of findings) this.#report(check, detail);
  }

  #report(check: CheckName, detail: string): void {
    if (this.#findings.length >= findingsMax) return;
    const finding = { check, detail };
    this.#findings.push(finding);
    this.#trace.tell(this.#cluster.scheduler.nowMs, `FINDING ${findingText(finding)}`);
  }

  #reportOfRun(): RunReport {
    const { scheduler } = this.#cluster;
    const counts = countsOf({
      clusters: this.#clusters,
      watchers: this.#watchers,
      sdk: this.#sdk?.totals ?? {},
      records: this.#records,
      facts: this.#facts,
      remade: this.#remade,
      room: this.#room,
    });
    return {
      seed: this.#plan.options.seed,
      findings: this.#findings,
      hash: this.#trace.hash(),
      events: scheduler.ran,
      virtualMs: scheduler.nowMs,
      counts,
      story: this.#trace.lines(),
    };
  }
}
