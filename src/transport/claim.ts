/**
 * This file is what a node claims besides its id, in every call and every answer (DECISIONS 17, 22, 54): its data folder, the number
 * of this start of it, the id of this run, and the runs it descends from. The receiver may refuse it: by these
 * a restored folder, or a second copy of one, is distinguished from the node that it pretends to be.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { NodeId } from "../raft/types.ts";

/** What this node claims. Both ids are 1 to 64 of `A-Z a-z 0-9 . _ -`; `start` counts from 1. */
export type SelfClaim = {
  /** The id of the data folder. */
  readonly instanceId: string;
  /** One more than the number of the last run before this one that another node let in. */
  readonly start: number;
  /** Random, new in each process. */
  readonly runId: string;
  /** The runs of the folder before this one, oldest first, at most `ancestorsMax`: those that asked to be let in. */
  readonly ancestors: readonly string[];
  /** Runs that were let in, up to this number, are not among the ancestors any more; 0 when all are. */
  readonly forgotten: number;
};

/** What another node claims. Its id was checked, the rest was not. */
export type Claim = SelfClaim & { readonly nodeId: NodeId };

/** What the transport knows besides the claim. */
export type Situation = {
  /** A stream of that node under another run is open here, and was heard within the last peer timeout. */
  readonly alive: boolean;
};

/** Whether a node may talk to this one. */
export type Admission =
  /** `counts`: this node is among those that must let a run in before it sends messages, and remembers it durably. */
  | { readonly kind: "admitted"; readonly counts: boolean }
  /** `forGood`: calling again in this run cannot help. `code` and `detail` are sent to the caller. */
  | { readonly kind: "refused"; readonly forGood: boolean; readonly code: string; readonly detail: string };

/** Decides about each node that calls, and about each that answers a call. Called often, so it must be fast. */
export type Admit = (claim: Claim, situation: Situation) => Admission;

/** Admits every node and counts; the default, for tests and tools. */
export const admitAll: Admit = () => ({ kind: "admitted", counts: true });

/** What this node knows of the starts of other nodes, and how it takes their reports (DECISIONS 46). */
export type StartNews = {
  /** The last start that was seen of each other node. */
  readonly known: () => ReadonlyMap<NodeId, SelfClaim>;
  /** Whether the start that is known of that node counts this one among those that let it in. */
  readonly counts: (nodeId: NodeId) => boolean;
  /** `from`, whose stream was admitted, reports `starts`. Returns those that are new and are durable now. */
  readonly receive: (from: NodeId, starts: readonly Claim[]) => readonly Claim[];
};

const header = {
  instance: "keyhold-instance",
  start: "keyhold-start",
  run: "keyhold-run",
  ancestors: "keyhold-ancestors",
  forgotten: "keyhold-forgotten",
  remembers: "keyhold-remembers",
} as const;
/** More than a folder keeps; 36 characters each are well below what headers may take. */
export const ancestorsMax = 64;
/** Characters of the header that carries them. */
export const ancestorsLengthMax = 4096;
const idForm = /^[A-Za-z0-9._-]{1,64}$/;

/** The claim as headers of a call or an answer; `claimIn` reads them. */
export function claimHeaders({ instanceId, start, runId, ancestors, forgotten }: SelfClaim): Record<string, string> {
  return {
    [header.instance]: instanceId,
    [header.start]: String(start),
    [header.run]: runId,
    [header.ancestors]: ancestors.join(),
    [header.forgotten]: String(forgotten),
  };
}

/** The header in an answer that says whether the answering node counts among those that let the caller's run in. */
export function countsHeader(counts: boolean): Record<string, string> {
  return { [header.remembers]: counts ? "yes" : "no" };
}

/** The value of `countsHeader`; false when it is missing. */
export function countsIn(headers: IncomingHttpHeaders): boolean {
  return headers[header.remembers] === "yes";
}

/** The claim in the headers of a call or an answer of `nodeId`; undefined when it is missing or not complete. */
export function claimIn(headers: IncomingHttpHeaders, nodeId: NodeId): Claim | undefined {
  const { [header.instance]: instanceId, [header.start]: startText, [header.run]: runId } = headers;
  if (typeof instanceId !== "string" || !idForm.test(instanceId)) return undefined;
  if (typeof runId !== "string" || !idForm.test(runId)) return undefined;
  if (typeof startText !== "string" || !/^[1-9]\d{0,15}$/.test(startText)) return undefined;
  const { [header.ancestors]: ancestorsText, [header.forgotten]: forgottenText } = headers;
  if (typeof ancestorsText !== "string" || ancestorsText.length > ancestorsLengthMax) return undefined;
  if (typeof forgottenText !== "string" || !/^\d{1,16}$/.test(forgottenText)) return undefined;
  const ancestors = ancestorsText === "" ? [] : ancestorsText.split(",");
  const claim = { nodeId, instanceId, start: Number(startText), runId, ancestors, forgotten: Number(forgottenText) };
  return isClaim(claim) ? claim : undefined;
}

/** Whether the fields are of valid form. */
export function isClaim({ instanceId, start, runId, ancestors, forgotten }: SelfClaim): boolean {
  if (!idForm.test(instanceId) || !idForm.test(runId) || !Number.isSafeInteger(start)) return false;
  if (ancestors.length > ancestorsMax || !ancestors.every((id) => idForm.test(id))) return false;
  return ancestors.join().length <= ancestorsLengthMax && forgotten >= 0 && forgotten < start;
}
