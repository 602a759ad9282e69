/**
 * This file decides which changes the targets of a watch select.
 */
import type { Change, WatchTarget } from "../../machine/change.ts";
import type { StoredChange } from "../../machine/state/records.ts";

/** What a change is about: the kind of a target, and the name that keys and prefixes are compared with. */
export type Subject = { readonly kind: WatchTarget["kind"]; readonly name: string };

/** The subject of a change, in either of its two forms. */
export function subjectOf(change: Change | StoredChange): Subject {
  switch (change.kind) {
    case "configPut":
    case "configDeleted":
      return { kind: "config", name: change.key };
    case "lockGranted":
    case "lockReleased":
    case "lockQueued":
    case "lockDequeued":
      return { kind: "lock", name: change.name };
    case "leaseGranted":
    case "leaseEnded":
      return { kind: "lease", name: change.leaseId };
    case "memberAdded":
    case "memberPromoted":
    case "memberRemoved":
      return { kind: "member", name: change.id };
  }
}

/** Returns a function that says whether `targets` select a change; it looks keys up in a set instead of comparing them one by one. */
export function selectorOf(targets: readonly WatchTarget[]): (change: Change | StoredChange) => boolean {
  const keys = new Set(targets.flatMap((target) => ("key" in target ? [`${target.kind} ${target.key}`] : [])));
  const others = targets.filter((target) => !("key" in target));
  return (change) => {
    const subject = subjectOf(change);
    if (keys.size > 0 && keys.has(`${subject.kind} ${subject.name}`)) return true;
    return others.some((target) => covers(target, subject));
  };
}

function covers(target: WatchTarget, subject: Subject): boolean {
  if (subject.kind !== target.kind) return false;
  if (target.kind === "member") return true;
  return "key" in target ? subject.name === target.key : subject.name.startsWith(target.prefix);
}
