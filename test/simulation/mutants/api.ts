/**
 * This file lists bugs to plant in the API: in what its routes answer, and in the sessions of its sockets. In a copy that holds one,
 * clients always go through the API.
 */
import { type Edit, edit, type Mutant } from "./mutant.ts";

const throughTheApi: readonly Edit[] = [
  { file: "test/simulation/faults/plan.ts", find: "const wireShare = 0.25;", replace: "const wireShare = 1;" },
];

type Planted = {
  readonly name: string;
  readonly why: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Bounds made so small that a run meets them, which is no bug. */
  readonly small?: Edit;
};

const planted: readonly Planted[] = [
  {
    name: "credit-given-twice",
    why: "an acknowledgement of one message makes room for two",
    file: "api/watch/watch-stream.ts",
    find: "taken += 1;",
    replace: "taken += 2;",
  },
  {
    name: "last-page-is-not-sent",
    why: "at the change from the snapshot to what is live a page is lost",
    file: "api/watch/watch-stream.ts",
    find: 'if (tail !== null) this.#sendCounted("watch:snapshot", tail, nowMs);',
    replace: 'if (tail !== null && !done) this.#sendCounted("watch:snapshot", tail, nowMs);',
  },
  {
    name: "synced-before-the-end",
    why: "a long history is not over with its first part",
    file: "api/watch/watch-stream.ts",
    find: "if (!this.#synced && watch.revision >= this.#options.present()) this.#sendSynced(watch.revision, nowMs);",
    replace: "if (!this.#synced) this.#sendSynced(this.#options.present(), nowMs);",
    small: edit("src/node/watches/watch-hub", "const scanBatchesMax = 512;", "const scanBatchesMax = 5;"),
  },
  {
    name: "acknowledgement-wakes-nobody",
    why: "a watch that had no credit has some again, and waits for the next change",
    file: "api/watch/watch-session.ts",
    find: "if (stream.blockedFor(0, nowMs)) this.#feed(stream);",
    replace: "if (stream.blockedFor(1e9, nowMs)) this.#feed(stream);",
  },
  {
    name: "keepalive-answered-before-applied",
    why: "the renewal may come too late, or never",
    file: "api/watch/watch-session.ts",
    find: "const renewed = await context.service.execute",
    replace:
      "reply({ ok: true, renewals: leaseIds.map((leaseId) => ({ leaseId, ttlMs: 2000 })) });\n    const renewed = await context.service.execute",
  },
  {
    name: "notice-to-every-socket",
    why: "a hold that is granted to one lease is told to the keepers of others",
    file: "api/watch/lock-notices.ts",
    find: "for (const sink of [...sinks]) {",
    replace: "for (const sink of [...leasesBySink.keys()]) {",
  },
  {
    name: "watch-falls-back-one-too-far",
    why: "what was read live comes again from history",
    file: "src/node/watches/watch-hub.ts",
    find: "this.#read = this.revision;\n    this.wake();",
    replace: "this.#read = toRevision(Math.max(0, this.revision - 1));\n    this.wake();",
  },
  {
    name: "wait-ends-for-the-next-in-line",
    why: "who waits under another ticket is told of the hold",
    file: "src/node/waits/ticket-waits.ts",
    find: "const key = keyOf(change.name, change.ticket);",
    replace: "const key = [...this.#waits.keys()].at(-1) ?? keyOf(change.name, change.ticket);",
  },
  {
    name: "failed-comparison-is-200",
    why: "who compared and did not set is told that all is well",
    file: "api/contract/problem.ts",
    find: "status: problems[problem.code].status,\n    headers",
    replace: 'status: problem.code === "revision_mismatch" ? 200 : problems[problem.code].status,\n    headers',
  },
  {
    name: "if-match-is-not-looked-at",
    why: "a write that compares overwrites what it did not see",
    file: "api/rest/config-routes.ts",
    find: 'return ok({ kind: "modRevision", revision: toRevision(revision) });',
    replace: 'return ok({ kind: "exists" });',
  },
  {
    name: "etag-of-the-creation",
    why: "the next comparison is with the wrong revision",
    file: "api/rest/config-routes.ts",
    find: 'headers: ["ETag", `"${modRevision}"`] }',
    replace: 'headers: ["ETag", `"${createRevision}"`] }',
  },
  {
    name: "unknown-is-told-as-nothing-written",
    why: "who takes an unknown outcome for none does it twice",
    file: "api/contract/problem.ts",
    find: 'outcomeUnknown: "outcome_unknown",',
    replace: 'outcomeUnknown: "no_leader",',
  },
];

/** Bugs of the API and of what its sessions stand on. */
export const apiMutants: readonly Mutant[] = planted.map(({ name, why, small, ...bug }) => ({
  name,
  why,
  edits: [bug],
  with: small === undefined ? throughTheApi : [...throughTheApi, small],
}));
