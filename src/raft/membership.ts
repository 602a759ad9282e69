/**
 * This file changes the membership (chapter 4, DECISIONS 2). Every change of voters goes through a joint phase, which the leader that
 * sees it committed ends by itself; learners come and go in one step. One change at a time.
 */
import { unreachable } from "../base/assert.ts";
import { own } from "../base/own.ts";
import { err, ok, type Result } from "../base/result.ts";
import { memberIdsMax, membershipFault, membersMax } from "./ceilings.ts";
import { hasCommittedInTerm, lastIndex } from "./log.ts";
import { membersOf } from "./members.ts";
import { type LeaderState, membershipOf, type Raft } from "./raft.ts";
import type { MemberAddress, Membership, MembershipChange, MembershipRefusal, NodeId } from "./types.ts";

/** The first membership that `change` leads to, or why it cannot be made now. No other node refuses an entry with the result. */
export function membershipAfter(
  raft: Raft,
  leader: LeaderState,
  change: MembershipChange,
): Result<Membership, MembershipRefusal> {
  if (leader.transferTo !== null) return err({ kind: "leadershipTransfer" });
  if (isChangeInProgress(raft)) return err({ kind: "changeInProgress" });
  const next = changed(raft, leader, change);
  if (!next.ok) return next;
  const fault = membershipFault(next.value);
  return fault === null ? next : err({ kind: "impossible", fault });
}

/** Whether `membership`, once it is committed, already is what `change` asks for. */
export function isAlready(membership: Membership, change: MembershipChange): boolean {
  const { voters, votersOutgoing, learners, addresses, removed } = membership;
  // Until a joint phase is over, the old majority is still needed.
  const votes = (id: NodeId) => votersOutgoing.length === 0 && voters.includes(id);
  switch (change.kind) {
    case "addLearner": {
      const address = own(addresses, change.id);
      const { peerUrl, apiUrl } = change.address;
      return learners.includes(change.id) && address?.peerUrl === peerUrl && address.apiUrl === apiUrl;
    }
    case "promote":
      return votes(change.id);
    case "remove":
      return removed.includes(change.id);
    case "replace":
      return removed.includes(change.id) && votes(change.by);
    default:
      return unreachable(change);
  }
}

function changed(raft: Raft, leader: LeaderState, change: MembershipChange): Result<Membership, MembershipRefusal> {
  const current = membershipOf(raft);
  switch (change.kind) {
    case "addLearner": {
      if (membersOf(current).includes(change.id)) return err(alreadyMember(current, change.id));
      if (current.removed.includes(change.id)) return err({ kind: "idReused" });
      if (membersOf(current).length >= membersMax) return err({ kind: "tooManyMembers", max: membersMax });
      // Counted here and not at removals, so that every member can always be removed.
      if (membersOf(current).length + current.removed.length >= memberIdsMax) {
        return err({ kind: "tooManyIds", max: memberIdsMax });
      }
      const by = memberAt(current, change.address);
      if (by !== undefined) return err({ kind: "addressTaken", by });
      const addresses = { ...current.addresses, [change.id]: change.address };
      return ok({ ...current, learners: [...current.learners, change.id], addresses });
    }
    case "promote": {
      if (!membersOf(current).includes(change.id)) return err({ kind: "notMember" });
      const refusal = refusePromotion(raft, leader, change.id);
      if (refusal !== null) return err(refusal);
      return ok(enterJoint(current, { voters: [...current.voters, change.id], promoted: change.id }));
    }
    case "remove": {
      if (current.learners.includes(change.id)) return ok(withoutLearner(current, change.id));
      if (!current.voters.includes(change.id)) return err({ kind: "notMember" });
      if (current.voters.length === 1) return err({ kind: "lastVoter" });
      return ok(enterJoint(current, { voters: current.voters.filter((id) => id !== change.id), promoted: null }));
    }
    case "replace": {
      if (!current.voters.includes(change.id)) return err({ kind: "notMember" });
      const refusal = refusePromotion(raft, leader, change.by);
      if (refusal !== null) return err(refusal);
      const voters = [...current.voters.filter((id) => id !== change.id), change.by];
      return ok(enterJoint(current, { voters, promoted: change.by }));
    }
  }
}

/**
 * The membership that ends the joint phase, once its beginning is committed; null when there is nothing to end. Any
 * leader may find itself here, also one that did not begin the change.
 */
export function membershipAfterJoint(raft: Raft): Membership | null {
  const top = raft.memberships[raft.memberships.length - 1];
  if (top === undefined || top.membership.votersOutgoing.length === 0 || top.index > raft.commitIndex) return null;
  const { voters, learners, learnersNext, addresses, removed, votersOutgoing } = top.membership;
  const stay = new Set([...voters, ...learners, ...learnersNext]);
  const gone = votersOutgoing.filter((id) => !stay.has(id));
  return {
    voters,
    votersOutgoing: [],
    learners: [...learners, ...learnersNext],
    learnersNext: [],
    addresses: Object.fromEntries(Object.entries(addresses).filter(([id]) => stay.has(id as NodeId))),
    removed: [...removed, ...gone],
  };
}

/** A change may start only when the last one is committed, and an entry of the current term is (the single-server bug found in 2015). */
function isChangeInProgress(raft: Raft): boolean {
  const top = raft.memberships[raft.memberships.length - 1];
  if (top === undefined || top.index > raft.commitIndex || top.membership.votersOutgoing.length > 0) return true;
  return !hasCommittedInTerm(raft);
}

/** Why `id` cannot become a voter now, as far as the log knows; null when it can. */
export function refusePromotion(raft: Raft, leader: LeaderState, id: NodeId): MembershipRefusal | null {
  const current = membershipOf(raft);
  if (current.voters.includes(id)) return alreadyMember(current, id);
  if (!current.learners.includes(id)) return { kind: "notLearner" };
  const progress = leader.progress.get(id);
  const lagEntries = lastIndex(raft) - (progress?.matchIndex ?? 0);
  // A new Progress counts as active before the member ever answered; only an answer makes it replicate.
  const isHeard = progress?.recentActive === true && progress.flow.kind === "replicate";
  const caughtUp = isHeard && lagEntries <= raft.options.promoteLagEntriesMax;
  return caughtUp ? null : { kind: "notCaughtUp", lagEntries };
}

function alreadyMember(current: Membership, id: NodeId): MembershipRefusal {
  const address = own(current.addresses, id) ?? { peerUrl: "", apiUrl: "" };
  return { kind: "alreadyMember", as: current.learners.includes(id) ? "learner" : "voter", address };
}

/** Who has one of these addresses; one that is empty is not known, and nobody's. */
function memberAt(current: Membership, { peerUrl, apiUrl }: MemberAddress): NodeId | undefined {
  return membersOf(current).find((id) => {
    const address = own(current.addresses, id);
    if (address === undefined) return false;
    return (peerUrl !== "" && address.peerUrl === peerUrl) || (apiUrl !== "" && address.apiUrl === apiUrl);
  });
}

function enterJoint(
  current: Membership,
  next: { readonly voters: readonly NodeId[]; readonly promoted: NodeId | null },
): Membership {
  return {
    ...current,
    voters: next.voters,
    votersOutgoing: current.voters,
    learners: current.learners.filter((id) => id !== next.promoted),
  };
}

function withoutLearner(current: Membership, id: NodeId): Membership {
  const addresses = Object.fromEntries(Object.entries(current.addresses).filter(([member]) => member !== id));
  return {
    ...current,
    learners: current.learners.filter((learner) => learner !== id),
    addresses,
    removed: [...current.removed, id],
  };
}
