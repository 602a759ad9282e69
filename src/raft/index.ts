/**
 * This file is the entry to the room: what others may import to run the algorithm, and nothing else of it. The types that cross the
 * border are in `types.ts`, the bounds of numbers in messages in `ceilings.ts`, the settings in `options.ts`; rooms that run no
 * algorithm import those alone.
 */
export { clusterTimeAt } from "./cluster-clock.ts";
export { entriesBetween, firstIndex, lastClusterTimeMs, lastIndex, snapshotMetaAt } from "./log.ts";
export { membersOf } from "./members.ts";
export { refusePromotion } from "./membership.ts";
export type { RaftOptions } from "./options.ts";
export type { Flow, Progress } from "./progress.ts";
export { createRaft, membershipOf, type Raft } from "./raft.ts";
export { step } from "./step.ts";
