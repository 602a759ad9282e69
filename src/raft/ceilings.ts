/**
 * This file holds the ceilings of the numbers that travel between nodes. They stand far from the end of the exact integers, so that
 * adding to a received number never leaves them, and further from anything that an honest cluster reaches: at a million
 * terms or entries a second, 2^48 is nine years; as milliseconds it is nine thousand.
 */
import type { Membership } from "./types.ts";

/** The last term. A node that is there campaigns no more. */
export const termMax = 2 ** 48;
/** No node campaigns or leads with a log this long. */
export const logIndexMax = 2 ** 48;
/** The highest index that is accepted in a message: a leader that passes `logIndexMax` within a turn still sends what it appended. */
export const receivedIndexMax = 2 * logIndexMax;
/** Cluster time (ms) stops here; leaders stamp this value again. */
export const clusterTimeMsMax = 2 ** 48;
/** Unix ms, in both directions: what a Date can hold, because people read the wall time of an entry as a date. */
export const wallTimeMsMax = 8.64e15;
/**
 * Members of a cluster, learners included. Each costs the leader a stream and a copy of every entry; more voters make a cluster slower,
 * not safer.
 */
export const membersMax = 15;
/** Members of a membership that another node tells of: later versions may take more than this one. */
export const membersHeardMax = 64;
/**
 * Members and removed ids together. Removed ids are kept for ever, in each membership: so many, of 64 characters, are half of a message of
 * one MiB. A cluster that replaces a member every day gets there in 22 years (DECISIONS 50).
 */
export const memberIdsMax = 8_192;
/** Characters of a peer or API URL: a host name has at most 253. */
export const addressLengthMax = 320;
const addressPattern = /^[\x21-\x7e]*$/;

/** Why `membership` cannot be a cluster's, or null. Everything that `membershipAfter` returns passes. */
export function membershipFault(membership: Membership): string | null {
  const { voters, votersOutgoing, learners, learnersNext, removed } = membership;
  if (voters.length === 0) return "a membership without voters";
  const counts = { voters, votersOutgoing, learners, learnersNext };
  for (const [name, ids] of Object.entries(counts)) {
    if (ids.length > membersHeardMax) return `${ids.length} ${name}`;
    if (new Set(ids).size !== ids.length) return `a node id twice among ${name}`;
  }
  if (removed.length > memberIdsMax) return `${removed.length} removed nodes`;
  if (new Set(removed).size !== removed.length) return "a node id twice among removed";
  const voting = new Set([...voters, ...votersOutgoing]);
  const twice = learners.find((id) => voting.has(id));
  if (twice !== undefined) return `${twice} both votes and learns`;
  const gone = new Set(removed);
  const back = [...voting, ...learners, ...learnersNext].find((id) => gone.has(id));
  if (back !== undefined) return `${back} is a member and removed`;
  for (const [id, { peerUrl, apiUrl }] of Object.entries(membership.addresses)) {
    // It travels in headers, and its length in characters is its weight.
    if (!isAddress(peerUrl) || !isAddress(apiUrl))
      return `the address of ${id} is not plain ASCII of at most ${addressLengthMax}`;
  }
  return null;
}

function isAddress(url: string): boolean {
  return url.length <= addressLengthMax && addressPattern.test(url);
}
