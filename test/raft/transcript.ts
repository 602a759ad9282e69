/**
 * This file plays transcripts: text files of commands, each followed by `----` and by everything the cluster then said and
 * did. `playTranscript` gives back the file with the output as it is now; whoever rewrites one reads it first.
 *
 * Commands (a line that starts with # is a comment, and belongs to the command below it):
 *   create n1 n2 n3 [+x1] [option=number ...]   voters, and +spares that nobody knows yet
 *   tick n1 [count] · pass ms · campaign n1 · clock-entry n1 · unreachable n1 n2
 *   propose n1 a b · barrier n1 2 (raises the epoch of what it proposes to 2, and asks about lower ones)
 *   read n1 · transfer n1 n2 · change n1 addLearner|promote|remove x1 · change n1 replace n2 x1
 *   deliver n1>n2 [count] · deliver all · drop n1>n2 [count] · drop all     oldest first; `all` is what is under way now
 *   persist n1 [count]       carries out the oldest writes of a node
 *   cut n1 · heal            what goes to or comes from a cut node is lost when its turn comes
 *   settle [-n1]             delivers and persists until nothing is left, -n1 writes nothing; tells the milestones only
 *   elect n1                 campaign and settle, in one line · quiet <command> tells the milestones only
 *   hold n1 · release n1     gathers inputs, and steps them in one turn
 *   crash n1 · restart n1 · compact n1 index · state [n1] · progress n1
 */
import { assert, InvariantViolation } from "../../src/base/assert.ts";
import { at } from "../../src/base/at.ts";
import { type Input, type MembershipChange, type NodeId, toLogIndex, toNodeId } from "../../src/raft/types.ts";
import {
  type Cluster,
  compactTo,
  completeWrite,
  crash,
  createCluster,
  deliver,
  endsOf,
  type Flight,
  lose,
  nodeOf,
  raftOf,
  restart,
  settle as settleCluster,
  type Turn,
  turn,
} from "./scripted-cluster.ts";
import { sayEffect, sayInput, sayMessage, sayNode, sayProgress } from "./talk.ts";

type Play = {
  cluster: Cluster | undefined;
  readonly lines: string[];
  readonly cut: Set<NodeId>;
  readonly sequences: Map<string, number>;
  /** Of each run; 0 at first. */
  readonly epochs: Map<string, number>;
  readId: number;
  /** Only milestones are told. */
  quiet: boolean;
};

/** Plays the commands of `file` and returns the file with what happens now after each `----`. */
export function playTranscript(file: string): string {
  const play: Play = {
    cluster: undefined,
    lines: [],
    cut: new Set(),
    sequences: new Map(),
    epochs: new Map(),
    readId: 0,
    quiet: false,
  };
  const blocks = file.trim().split(/\n\n+/);
  const played = blocks.map((block) => {
    const head = block.split("\n----")[0] ?? "";
    const commands = head.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    if (commands.length === 0) return head;
    play.lines.length = 0;
    for (const command of commands) run(play, command);
    return [head, "----", ...play.lines].join("\n");
  });
  return `${played.join("\n\n")}\n`;
}

function run(play: Play, command: string): void {
  const [verb = "", ...args] = command.split(/\s+/);
  if (verb === "create") {
    play.cluster = create(args);
    play.cluster.observe = (done) => tell(play, done);
    return;
  }
  const { cluster } = play;
  assert(cluster !== undefined, "a transcript begins with create");
  const handler = handlers[verb];
  assert(handler !== undefined, `there is no command ${command}`);
  try {
    handler({ play, cluster, args });
  } catch (error) {
    if (!(error instanceof InvariantViolation)) throw error;
    play.quiet = false;
    play.lines.push(`INVARIANT VIOLATION: ${error.message}`);
  }
}

type Call = { readonly play: Play; readonly cluster: Cluster; readonly args: readonly string[] };

const handlers: Readonly<Record<string, (call: Call) => void>> = {
  tick: ({ cluster, args }) => repeat(args[1], () => turn(cluster, node(args, 0), [{ kind: "tick" }])),
  pass: ({ cluster, args }) => {
    cluster.nowMs += Number(args[0]);
  },
  campaign: (call) => input(call, { kind: "campaignWanted" }),
  "clock-entry": (call) => input(call, { kind: "clockEntryWanted" }),
  unreachable: (call) => input(call, { kind: "peerUnreachable", peer: node(call.args, 1) }),
  transfer: (call) => input(call, { kind: "transferWanted", to: node(call.args, 1) }),
  read: (call) => {
    call.play.readId++;
    input(call, { kind: "readIndexWanted", readId: call.play.readId });
  },
  propose,
  barrier: (call) => {
    const epoch = Number(call.args[1]);
    call.play.epochs.set(raftOf(call.cluster, node(call.args, 0)).options.runId, epoch);
    input(call, { kind: "barrierWanted", epoch });
  },
  change: (call) => input(call, { kind: "membershipProposed", changeId: 1, change: changeOf(call.args) }),
  deliver: (call) => move(call, (flight) => bring(call, flight)),
  drop: (call) => move(call, (flight) => drop(call, flight)),
  persist: ({ cluster, args }) => repeat(args[1], () => completeWrite(cluster, node(args, 0))),
  cut: ({ play, args }) => {
    for (const id of args) play.cut.add(toNodeId(id));
  },
  heal: ({ play }) => play.cut.clear(),
  settle,
  elect: (call) => {
    const before = call.play.lines.length;
    input(call, { kind: "campaignWanted" });
    settle({ ...call, args: call.args.slice(1) });
    const { role, currentTerm } = raftOf(call.cluster, node(call.args, 0));
    call.play.lines.splice(before, call.play.lines.length, `${call.args[0]} is ${role.kind} in term ${currentTerm}`);
  },
  quiet: ({ play, args }) => {
    play.quiet = true;
    run(play, args.join(" "));
    play.quiet = false;
  },
  hold: ({ cluster, args }) => {
    nodeOf(cluster, node(args, 0)).gathered = [];
  },
  release: ({ cluster, args }) => {
    const held = nodeOf(cluster, node(args, 0));
    const inputs = held.gathered ?? [];
    held.gathered = null;
    turn(cluster, held.id, inputs);
  },
  crash: ({ cluster, args }) => crash(cluster, node(args, 0)),
  restart: ({ cluster, args }) => restart(cluster, node(args, 0)),
  compact: ({ cluster, args }) => compactTo(cluster, node(args, 0), toLogIndex(Number(args[1]))),
  state: ({ play, cluster, args }) => {
    for (const shown of cluster.nodes.values()) if (args.length === 0 || args.includes(shown.id)) play.lines.push(sayNode(shown));
  },
  progress: ({ play, cluster, args }) => {
    play.lines.push(...sayProgress(raftOf(cluster, node(args, 0))));
  },
};

function create(args: readonly string[]): Cluster {
  const options = args.filter((arg) => arg.includes("=")).map((arg) => arg.split("="));
  const names = args.filter((arg) => !arg.includes("="));
  return createCluster({
    voters: names.filter((name) => !name.startsWith("+")),
    spares: names.filter((name) => name.startsWith("+")).map((name) => name.slice(1)),
    options: Object.fromEntries(options.map(([name, value]) => [name, Number(value)])),
  });
}

function propose(call: Call): void {
  const { runId } = raftOf(call.cluster, node(call.args, 0)).options;
  const proposals = call.args.slice(1).map((word) => {
    const sequence = (call.play.sequences.get(runId) ?? 0) + 1;
    call.play.sequences.set(runId, sequence);
    return { id: { runId, sequence }, command: new TextEncoder().encode(word) };
  });
  input(call, { kind: "proposed", epoch: call.play.epochs.get(runId) ?? 0, proposals });
}

function changeOf(args: readonly string[]): MembershipChange {
  const id = node(args, 2);
  switch (args[1]) {
    case "addLearner":
      return { kind: "addLearner", id, address: { peerUrl: `http://${id}:1`, apiUrl: `http://${id}:2` } };
    case "promote":
      return { kind: "promote", id };
    case "remove":
      return { kind: "remove", id };
    default:
      return { kind: "replace", id, by: node(args, 3) };
  }
}

function move({ cluster, args }: Call, each: (flight: Flight) => void): void {
  if (args[0] === "all") {
    for (const flight of [...cluster.flights]) each(flight);
    return;
  }
  const [from = "", to = ""] = (args[0] ?? "").split(">");
  const passing = (flight: Flight): boolean =>
    (from === "*" || endsOf(flight).from === from) && (to === "*" || endsOf(flight).to === to);
  const found = cluster.flights.filter(passing);
  const count = args[1] === undefined ? found.length : Number(args[1]);
  assert(found.length >= count && found.length > 0, `only ${found.length} are on their way`);
  for (const flight of found.slice(0, count)) each(flight);
}

function bring(call: Call, flight: Flight): void {
  const { from, to } = endsOf(flight);
  if (call.play.cut.has(from) || call.play.cut.has(to)) drop(call, flight);
  else deliver(call.cluster, flight);
}

function drop({ play, cluster }: Call, flight: Flight): void {
  const { from, to } = endsOf(flight);
  const what = flight.kind === "message" ? sayMessage(flight.message) : `snapshot ${flight.snapshot.lastIncludedIndex}`;
  if (!play.quiet) play.lines.push(`lost ${from} to ${to}: ${what}`);
  lose(cluster, flight);
}

function settle(call: Call): void {
  const { play, cluster, args } = call;
  play.quiet = true;
  const isCut = (flight: Flight): boolean => {
    const { from, to } = endsOf(flight);
    return play.cut.has(from) || play.cut.has(to);
  };
  const hung = new Set(args.filter((arg) => arg.startsWith("-")).map((arg) => toNodeId(arg.slice(1))));
  settleCluster(cluster, { isCut, hung });
  play.quiet = false;
}

const milestones = new Set(["roleChanged", "apply", "readReady", "readDropped", "proposalsRefused", "membershipChanged"]);

function tell(play: Play, { node: { id }, inputs, effects }: Turn): void {
  const told = play.quiet ? effects.filter((effect) => milestones.has(effect.kind)) : effects;
  if (play.quiet) {
    for (const effect of told) play.lines.push(`${id} ${sayEffect(effect)}`);
    return;
  }
  const isTick = inputs.every((given) => given.kind === "tick");
  if (isTick && told.length === 0) return;
  play.lines.push(`${id} ${inputs.map(sayInput).join("; ")}`);
  for (const effect of told) play.lines.push(`  ${sayEffect(effect)}`);
}

function input({ cluster, args }: Call, given: Input): void {
  turn(cluster, node(args, 0), [given]);
}

function node(args: readonly string[], position: number): NodeId {
  return toNodeId(at(args, position));
}

function repeat(count: string | undefined, action: () => void): void {
  for (let i = 0; i < Number(count ?? 1); i++) action();
}
