/**
 * This file lists bugs to plant in what the log means: time, leases, locks, requests.
 */
import { edit, type Mutant, smallLimits } from "./mutant.ts";

/** Bugs in the state machine. */
export const machineMutants: readonly Mutant[] = [
  {
    name: "compaction-floor-one-too-low",
    why: "a watch from exactly the compacted revision on would lack a change",
    with: smallLimits,
    edits: [
      edit("src/machine/config/change-log", "if (after < compactRevision) return", "if (after + 1 < compactRevision) return"),
    ],
  },
  {
    name: "compacted-watch-goes-on",
    why: "who missed changes must be told, not be served what is left",
    with: smallLimits,
    edits: [
      edit(
        "src/machine/config/change-log",
        'if (after < compactRevision) return err({ kind: "compacted", compactRevision });',
        "if (after < compactRevision) return readChanges(tables, { ...bounds, after: compactRevision });",
      ),
    ],
  },
  {
    name: "clock-goes-on-from-hearsay",
    why: "a time heard from a leader whose entries did not survive ends leases early",
    edits: [
      edit(
        "src/raft/follower",
        "    if (entry.index <= lastIndex(raft)) truncate(raft, entry.index);",
        "    const memory = raft as { heardMs?: number };\n    memory.heardMs = Math.max(memory.heardMs ?? 0, entry.clusterTimeMs);\n    if (entry.index <= lastIndex(raft)) truncate(raft, entry.index);",
      ),
      edit(
        "src/raft/leader",
        "  append(raft, entry);\n",
        "  append(raft, entry);\n  const memory = raft as { heardMs?: number };\n  memory.heardMs = Math.max(memory.heardMs ?? 0, entry.clusterTimeMs);\n",
      ),
      edit(
        "src/raft/cluster-clock",
        "return { clockStartMs: lastClusterTimeMs(raft), clockStartMonotonicMs: raft.monotonicMs };",
        "const heardMs = (raft as { heardMs?: number }).heardMs ?? 0;\n  return { clockStartMs: toClusterTimeMs(Math.max(lastClusterTimeMs(raft), heardMs)), clockStartMonotonicMs: raft.monotonicMs };",
      ),
    ],
  },
  {
    name: "clock-read-too-early",
    quick: true,
    why: "a reading from before the facts of a turn lets cluster time run fast",
    edits: [
      edit(
        "src/node/driver",
        'inputs.unshift({ kind: "clock", monotonicMs: clock.monotonicMs(), wallTimeMs: clock.wallTimeMs() });',
        'const memory = this as { readMs?: number };\n    if (memory.readMs === undefined || inputs.some((input) => input.kind === "tick")) memory.readMs = clock.monotonicMs();\n    inputs.unshift({ kind: "clock", monotonicMs: memory.readMs, wallTimeMs: clock.wallTimeMs() });',
      ),
    ],
  },
  {
    name: "time-from-the-wall-clock",
    quick: true,
    why: "wall clocks jump",
    edits: [
      edit(
        "src/raft/cluster-clock",
        "return stamp(leader.clockStartMs + Math.floor(raft.monotonicMs - leader.clockStartMonotonicMs));",
        "const wallMs = Math.max(0, Math.floor(raft.wallTimeMs - 1_767_225_600_000));\n  return toClusterTimeMs(Math.max(leader.clockStartMs, lastClusterTimeMs(raft), wallMs));",
      ),
    ],
  },
  {
    name: "due-lease-renewed",
    why: "a late renewal meets a lease that is due, and revives it",
    edits: [
      edit(
        "src/machine/apply",
        "  expire(draft);\n  const outcome = carryOut(draft, entry.payload);",
        "  const outcome = carryOut(draft, entry.payload);\n  expire(draft);",
      ),
      edit(
        "src/machine/leases/leases",
        "const lease = liveLease(draft.tables, leaseId, draft.meta.clusterTimeMs);",
        'const lease = draft.tables.get("leases", leaseKey(leaseId));',
      ),
    ],
  },
  {
    name: "expiry-ends-one-too-many",
    quick: true,
    why: "what is due a moment later is alive",
    edits: [
      edit(
        "src/machine/commands/expiry",
        "const below = deadlinesAfter(meta.clusterTimeMs);",
        "const below = deadlinesAfter((meta.clusterTimeMs + 100) as typeof meta.clusterTimeMs);",
      ),
    ],
  },
  {
    name: "grant-keeps-the-wait's-deadline",
    quick: true,
    why: "a hold has its whole TTL from the grant on",
    edits: [edit("src/machine/locks/queue", "  if (record.ownsLease) renewLease(draft, leaseId);\n", "")],
  },
  {
    name: "repeat-does-not-renew",
    why: "whoever asks again is alive, and keeps its place",
    edits: [edit("src/machine/commands/lock-commands", "  else if (record.ownsLease) renewLease(draft, record.leaseId);\n", "")],
  },
  {
    name: "expiry-only-by-clock-entries",
    quick: true,
    why: "every entry's time counts",
    edits: [
      edit(
        "src/machine/apply",
        "  expire(draft);",
        '  if (entry.payload.kind !== "command" || entry.payload.command.body.kind !== "leaseRenew") expire(draft);',
      ),
    ],
  },
  {
    name: "renewal-keeps-old-deadline",
    quick: true,
    why: "the old deadline ends the renewed lease early",
    edits: [
      edit("src/machine/leases/leases", 'draft.tables.delete("deadlines", leaseDeadlineKey(lease.deadlineMs, leaseId));', ""),
    ],
  },
  {
    name: "renewal-extends-nothing",
    quick: true,
    why: "an acknowledged renewal must hold",
    edits: [
      edit(
        "src/machine/leases/leases",
        'draft.tables.put("leases", leaseKey(leaseId), { ...lease, deadlineMs });\n  draft.work += 3;',
        "draft.work += 3;",
      ),
      edit(
        "src/machine/leases/leases",
        '  draft.tables.delete("deadlines", leaseDeadlineKey(lease.deadlineMs, leaseId));\n  draft.tables.put("deadlines", leaseDeadlineKey(deadlineMs, leaseId), true);\n',
        "",
      ),
    ],
  },
  {
    name: "lock-granted-to-ended-lease",
    why: "a wait ends with its lease",
    edits: [
      edit("src/machine/commands/endings", '      endWaiter(draft, transaction, { name, record, reason: "leaseEnded" });\n', ""),
    ],
  },
  {
    name: "fence-counted-per-lock",
    quick: true,
    why: "a counter in the lock's record starts again when the record is gone",
    edits: [
      edit(
        "src/machine/locks/locks",
        "const fence = toFence(transaction.revision);",
        "const grants = ((lock as { grants?: number }).grants ?? 0) + 1;\n  const fence = toFence(grants);",
      ),
      edit(
        "src/machine/locks/locks",
        "writeLock(draft, name, { ...lock, holders: [hold] });",
        "writeLock(draft, name, { ...lock, holders: [hold], grants } as LockRecord);",
      ),
    ],
  },
  {
    name: "fence-is-the-ticket",
    quick: true,
    why: "a waiter's ticket is older than the fence of the hold before it",
    edits: [
      edit(
        "src/machine/locks/locks",
        "const fence = toFence(transaction.revision);",
        "const fence = toFence(ticket ?? transaction.revision);",
      ),
    ],
  },
  {
    name: "handoff-to-the-last-waiter",
    quick: true,
    why: "queues are first in, first out",
    edits: [
      edit(
        "src/machine/locks/queue",
        'tables.range("waiters", { ...range, limit }))',
        'tables.range("waiters", { ...range, limit, reverse: true }))',
      ),
    ],
  },
  {
    name: "acquire-passes-the-queue",
    quick: true,
    why: "who comes later waits longer, also when the holder has just gone",
    edits: [
      edit(
        "src/machine/commands/endings",
        "  for (const { name, hold } of freed) handOver(draft, name, hold);",
        '  for (const { name, hold } of freed) if (end.reason !== "expired") handOver(draft, name, hold);',
      ),
    ],
  },
  {
    name: "refusals-not-remembered",
    quick: true,
    why: "a repeat of a refused request must be refused, too",
    edits: [
      edit(
        "src/machine/apply",
        "rememberRequest(draft, request, outcome);",
        "if (outcome.ok) rememberRequest(draft, request, outcome);",
      ),
    ],
  },
  {
    name: "requests-forgotten-at-once",
    quick: true,
    why: "a repeat is carried out again",
    edits: [edit("src/machine/limits", "export const requestsMax = 100_000;", "export const requestsMax = 2;")],
  },
  {
    name: "precondition-checked-loosely",
    quick: true,
    why: "a compare-and-set compares for equality",
    edits: [
      edit(
        "src/machine/commands/config-commands",
        "return record?.modRevision === precondition.revision;",
        "return (record?.modRevision ?? 0) >= precondition.revision;",
      ),
    ],
  },
];
