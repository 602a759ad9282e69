/**
 * This file judges request ids at the end of a run: each was carried out at most once, and everybody who asked under it
 * got what came of that one time.
 */
import type { CommittedFact } from "./committed-log.ts";
import type { Finding } from "./finding.ts";

/** What a client was answered under a request id; answers that say nothing about the outcome are not recorded. */
export type RequestAnswer = { readonly client: number; readonly requestId: string; readonly outcome: string };

/** What is wrong, one line each, at most `findingsMax`; empty when nothing is. */
export function checkRequests(
  facts: readonly CommittedFact[],
  answers: readonly RequestAnswer[],
  options: {
    readonly findingsMax: number;
    /** How requests that waited in a queue were answered in the end. */
    readonly answersAfterWait: ReadonlyMap<string, string>;
  },
): readonly Finding[] {
  const findings: Finding[] = [];
  const find = (detail: string): void => void findings.push({ check: "each request once", detail });
  const executed = new Map<string, number>();
  const outcomes = new Map<string, Set<string>>();
  for (const { index, request } of facts) {
    // Refused because nobody knows any more what came of it: neither carried out nor remembered.
    if (request === null || request.outcome.startsWith("requestForgotten")) continue;
    const before = executed.get(request.id);
    if (request.executed && before !== undefined)
      find(`request ${request.id} was carried out at ${before} and again at ${index}`);
    if (!request.executed && before === undefined)
      find(`request ${request.id} was answered from memory at ${index}, but never carried out`);
    if (request.executed && before === undefined) executed.set(request.id, index);
    const known = outcomes.get(request.id);
    if (known === undefined) outcomes.set(request.id, new Set([request.outcome]));
    else known.add(request.outcome);
  }
  for (const { client, requestId, outcome } of answers) {
    const known = outcomes.get(requestId);
    if (known === undefined) find(`client ${client} was answered ${outcome} to ${requestId}, which is not in the log`);
    else if (!known.has(outcome) && options.answersAfterWait.get(requestId) !== outcome)
      find(`client ${client} was answered ${outcome} to ${requestId}, the log says ${[...known].join(" or ")}`);
  }
  return findings.slice(0, options.findingsMax);
}

/** What was named at another store may have been carried out there: nobody may carry it out here. */
export function checkForeignRequests(
  facts: readonly CommittedFact[],
  storeId: string,
  options: { readonly findingsMax: number },
): readonly Finding[] {
  const isForeign = ({ request }: CommittedFact): boolean =>
    request?.executed === true && request.since !== null && request.since !== storeId;
  const found = facts.filter(isForeign).slice(0, options.findingsMax);
  return found.map(({ index, request }) => ({
    check: "each request once",
    detail: `request ${request?.id} of another store, ${request?.since}, was carried out at ${index}`,
  }));
}
