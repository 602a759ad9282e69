/**
 * This file stores the membership, and reports to watchers what a membership entry changed.
 */
import { own } from "../../base/own.ts";
import { ok } from "../../base/result.ts";
import type { MemberAddress, Membership, NodeId } from "../../raft/types.ts";
import type { Change } from "../change.ts";
import type { CommandBody, OutcomeOf } from "../command.ts";
import { addChange, begin, commit, type Draft } from "../state/draft.ts";
import { membersKey } from "../state/keys.ts";
import { beforeHello } from "../state/meta.ts";
import { agreedQuota } from "./quota.ts";

type MemberChange = Extract<Change, { readonly kind: "memberAdded" | "memberPromoted" | "memberRemoved" }>;
type Member = { readonly id: NodeId; readonly address: MemberAddress; readonly learner: boolean };

/**
 * Stores the membership. Its changes are one revision; without a change there is none. The data folder of a member that
 * was removed stays known, because a node that joins later begins with the first members' folders (DECISIONS 16, 17).
 */
export function changeMembership(draft: Draft, membership: Membership): void {
  const before = membersOf(draft.tables.get("members", membersKey));
  const after = membersOf(membership);
  draft.tables.put("members", membersKey, membership);
  // Their data folders stay known; their published version and disk size do not count any more.
  for (const id of before.keys()) {
    const node = draft.tables.get("nodes", id);
    if (!after.has(id) && node !== undefined) draft.tables.put("nodes", id, beforeHello(node.instanceId));
  }
  draft.meta.quotaBytes = agreedQuota(draft.tables);
  const changes = differences(before, after);
  if (changes.length === 0) return;
  const transaction = begin(draft);
  for (const change of changes) addChange(transaction, change);
  commit(draft, transaction);
}

/** Notes what a member publishes of itself. An id belongs for ever to the first instance that publishes it. Watchers receive nothing. */
export function memberHello(
  draft: Draft,
  { id, instanceId, version, stateBytesMax }: Extract<CommandBody, { readonly kind: "memberHello" }>,
): OutcomeOf<"memberHello"> {
  const published = draft.tables.get("nodes", id);
  if (published !== undefined && published.instanceId !== instanceId) return ok(published);
  const record = { instanceId, version, stateBytesMax };
  // It may have been removed while its command was on its way.
  if (membersOf(draft.tables.get("members", membersKey)).has(id)) draft.tables.put("nodes", id, record);
  draft.meta.quotaBytes = agreedQuota(draft.tables);
  return ok(record);
}

/** In the order of ids. A changed address, and a change of role that is no promotion, is reported as another `added`. */
function differences(before: ReadonlyMap<NodeId, Member>, after: ReadonlyMap<NodeId, Member>): MemberChange[] {
  const ids = [...new Set([...before.keys(), ...after.keys()])].sort();
  const changes: MemberChange[] = [];
  for (const id of ids) {
    const was = before.get(id);
    const is = after.get(id);
    if (is === undefined) changes.push({ kind: "memberRemoved", id });
    else if (was === undefined || !sameAddress(was.address, is.address) || (!was.learner && is.learner)) {
      changes.push({ kind: "memberAdded", ...is });
    } else if (was.learner && !is.learner) changes.push({ kind: "memberPromoted", id });
  }
  return changes;
}

/** All members. A node that votes only in the outgoing half of a joint membership is a voter until that ends (§4.3). */
function membersOf(membership: Membership | undefined): Map<NodeId, Member> {
  const members = new Map<NodeId, Member>();
  if (membership === undefined) return members;
  const add = (ids: readonly NodeId[], learner: boolean) => {
    for (const id of ids) {
      const address = own(membership.addresses, id) ?? { peerUrl: "", apiUrl: "" };
      if (!members.has(id)) members.set(id, { id, address, learner });
    }
  };
  add(membership.voters, false);
  add(membership.votersOutgoing, false);
  add(membership.learners, true);
  add(membership.learnersNext, true);
  return members;
}

function sameAddress(a: MemberAddress, b: MemberAddress): boolean {
  return a.peerUrl === b.peerUrl && a.apiUrl === b.apiUrl;
}
