/**
 * This file judges what is said of the room in the state, entry by entry while the log is applied anew: the limit in force is
 * the smallest that a member has named; a write is refused when it does not fit and only then; nothing else is ever refused for
 * want of room, nor makes the present larger; and the past gives way. It counts by rules of its own, not by those of the machine.
 */
import type { Command, CommandBody, Outcome, Refusal } from "../../../src/machine/command.ts";
import type { ConfigVersion } from "../../../src/machine/config/entries.ts";
import { compactedPerEntryMax, compactedPerRefusalMax, quotaBytesDefault } from "../../../src/machine/limits.ts";
import { readMeta } from "../../../src/machine/state/meta.ts";
import type { MetaRecord } from "../../../src/machine/state/records.ts";
import { type TableReader, tableNames } from "../../../src/machine/state/tables.ts";
import { requestShareBytes } from "../../../src/machine/state/usage.ts";
import type { ConfigRecord } from "../../../src/machine/types.ts";
import { membersOf } from "../../../src/raft/members.ts";
import type { Entry, NodeId } from "../../../src/raft/types.ts";
import { countState } from "../../machine/questions.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { Finding } from "./finding.ts";

/** What these add may be refused; everything else gives room, or keeps a promise. */
const growing: readonly CommandBody["kind"][] = ["configPut", "leaseGrant", "lockAcquire"];
/** More than anything weighs beside its value. */
const besideValueBytes = 10_000;

/** Judges each entry's effect on the quota while the log is applied again. */
export class QuotaAudit {
  readonly findings: Finding[] = [];
  readonly counts = { quotaRefusals: 0, quotaMoves: 0, quotaShrunk: 0, overfull: 0, roomRegained: 0 };
  readonly #tables: TableReader;
  /** What members have said that they can hold. */
  readonly #said = new Map<NodeId, number>();
  #members: readonly NodeId[];
  #before: MetaRecord;
  #wasRefused = false;

  constructor(tables: TableReader, members: readonly NodeId[]) {
    this.#tables = tables;
    this.#members = members;
    this.#before = readMeta(tables);
  }

  /** After each entry, in order. `executed`: its command was carried out now, and not answered from memory. */
  applied(
    entry: Entry,
    { command, outcome, executed }: { command: Command | null; outcome: Outcome | undefined; executed: boolean },
  ): void {
    const before = this.#before;
    const after = readMeta(this.#tables);
    this.#before = after;
    const tell = (what: string): void => this.#find(`at ${entry.index} ${what}`);
    this.#checkLimit(entry, { command, before, after, tell });
    const body = executed && command !== null ? command.body : null;
    const refusal = outcome === undefined || outcome.ok ? null : outcome.error;
    if (body !== null && refusal?.kind === "quotaExceeded") {
      this.#wasRefused = true;
      this.counts.quotaRefusals++;
      checkRefusal(refusal, { body, before, after, tell });
      if (body.kind === "configPut" && isNoLarger(body, this.#tables.get("config", body.key)))
        tell(`a put was refused that makes ${JSON.stringify(body.key)} no larger`);
    } else if (body !== null && growing.includes(body.kind) && outcome?.ok === true) {
      if (this.#wasRefused) this.counts.roomRegained++;
      this.#wasRefused = false;
      // Its answer is remembered whatever it is; and what leaves the present no larger passes.
      const grew = presentBytes(after) > presentBytes(before) + requestShareBytes;
      if (grew && after.usedBytes > Math.max(after.quotaBytes, 0) + requestShareBytes)
        tell(`${body.kind} took the state to ${after.usedBytes} of ${after.quotaBytes}`);
    } else if (presentBytes(after) > presentBytes(before) + requestShareBytes) {
      tell(`${body?.kind ?? entry.payload.kind} took what is present from ${presentBytes(before)} to ${presentBytes(after)}`);
    }
    const passed = after.compactRevision - before.compactRevision;
    const room = Math.max(0, after.quotaBytes - presentBytes(after));
    // The answer that is remembered comes after the refusal, and before the past makes room.
    if (after.pastBytes > room / 2 && passed < compactedPerEntryMax && after.compactRevision < after.revision)
      tell(`the past holds ${after.pastBytes}, where the present leaves ${room}`);
    if (after.usedBytes > after.quotaBytes) this.counts.overfull++;
  }

  /** At the end: the count is that of the rows, and not less than what is in them. */
  finish(): void {
    const { usedBytes, pastBytes, appliedIndex } = readMeta(this.#tables);
    const { used, past } = countState(this.#tables, tableNames);
    if (used !== usedBytes || past !== pastBytes)
      this.#find(`at ${appliedIndex} ${usedBytes} are counted, ${pastBytes} of them past; the rows weigh ${used}, ${past}`);
    let values = 0;
    for (const [, { value }] of this.#tables.range("config", {})) values += value.byteLength;
    for (const [, record] of this.#tables.range("history", {})) values += "value" in record ? record.value.byteLength : 0;
    if (usedBytes < values) this.#find(`at ${appliedIndex} ${usedBytes} are counted for ${values} of values`);
  }

  #find(detail: string): void {
    this.findings.push({ check: "room in the state", detail });
  }

  #checkLimit(
    { payload }: Entry,
    {
      command,
      before,
      after,
      tell,
    }: { command: Command | null; before: MetaRecord; after: MetaRecord; tell: (what: string) => void },
  ): void {
    if (payload.kind === "membership") {
      this.#members = membersOf(payload.membership);
      for (const id of this.#said.keys()) if (!this.#members.includes(id)) this.#said.delete(id);
    } else if (command?.body.kind === "memberHello") {
      const { id, instanceId, stateBytesMax } = command.body;
      const isOwn = this.#tables.get("nodes", id)?.instanceId === instanceId;
      if (isOwn && this.#members.includes(id)) this.#said.set(id, stateBytesMax);
    }
    const limit = this.#said.size === 0 ? quotaBytesDefault : Math.min(...this.#said.values());
    if (after.quotaBytes !== limit)
      tell(`the limit is ${after.quotaBytes}, the members said ${[...this.#said.values()].join(", ")}`);
    if (before.quotaBytes === quotaBytesDefault) return;
    if (after.quotaBytes !== before.quotaBytes) this.counts.quotaMoves++;
    if (after.quotaBytes < before.quotaBytes) this.counts.quotaShrunk++;
  }
}

/** Whether every node of `nodes`, members that run, is known with what it can hold as it runs now. */
export function isLimitAgreed(leader: SimNode, nodes: readonly SimNode[]): boolean {
  const tables = leader.process?.service.inside.tables;
  return nodes.every(({ id, process }) => process?.stateBytesMax === tables?.get("nodes", id)?.stateBytesMax);
}

function checkRefusal(
  { used, limit }: Extract<Refusal, { readonly kind: "quotaExceeded" }>,
  { body, before, after, tell }: { body: CommandBody; before: MetaRecord; after: MetaRecord; tell: (what: string) => void },
): void {
  if (!growing.includes(body.kind)) tell(`${body.kind} was refused for want of room`);
  if (limit !== after.quotaBytes) tell(`a refusal names the limit ${limit}, where ${after.quotaBytes} is in force`);
  const valueBytes = body.kind === "configPut" ? body.value.byteLength : 0;
  if (used + valueBytes + besideValueBytes <= limit) tell(`${body.kind} of ${valueBytes} was refused at ${used} of ${limit}`);
  const passed = after.compactRevision - before.compactRevision;
  if (passed < compactedPerRefusalMax && after.compactRevision < after.revision)
    tell(`${body.kind} was refused, and the past from ${after.compactRevision} on was kept`);
}

/** A put of the same but for its value, which is no longer. */
function isNoLarger(put: Extract<CommandBody, { readonly kind: "configPut" }>, present: ConfigRecord | undefined): boolean {
  if (present === undefined || put.value.byteLength > present.value.byteLength) return false;
  const beside = (of: Omit<ConfigVersion, "value">) => [of.contentType, of.leaseId, of.author, of.comment].join();
  return beside(put) === beside(present);
}

function presentBytes({ usedBytes, pastBytes }: MetaRecord): number {
  return usedBytes - pastBytes;
}
