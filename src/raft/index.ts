/**
 * This file is the entry to the room: what others may import to run the algorithm, and nothing else of it. The types that cross the
 * border are in `types.ts`, the bounds of numbers in messages in `ceilings.ts`, the settings in `options.ts`; rooms that run no
 * algorithm import those alone.
 */
export { membersOf } from "./members.ts";
export { createRaftNode, type MemberProgress, type RaftNode, type RaftStatus, type RaftView } from "./node.ts";
export type { RaftOptions } from "./options.ts";
