/**
 * This file is what the invariants remember of one node from one event to the next.
 */

/** What was seen of one node so far. */
export type Memory = {
  term: number;
  durableTerm: number;
  votes: Map<number, string>;
  commitIndex: number;
  /** Up to here it holds, in memory, what is committed. */
  heldTo: number;
  durableApplied: number;
  quarantined: boolean;
  /** The term it leads, and the end of its log then; -1 while it does not lead. */
  leads: number;
  /** It led this term before the present event, too. */
  ledBefore: boolean;
  leaderLastIndex: number;
};

/** Of a node that was not seen yet. */
export function newMemory(): Memory {
  return {
    term: 0,
    durableTerm: 0,
    votes: new Map(),
    commitIndex: 0,
    heldTo: 0,
    durableApplied: 0,
    quarantined: false,
    leads: -1,
    ledBefore: false,
    leaderLastIndex: 0,
  };
}
