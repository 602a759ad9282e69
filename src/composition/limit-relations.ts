/**
 * This file compares bounds of several rooms: what one room lets in, another must be able to carry or to keep. A node
 * whose bounds do not fit together does not start.
 */
import type { ApiLimits } from "../../api/context.ts";
import { answerBytesMax as forwardedBytesMax } from "../../api/node-call.ts";
import { targetsMax } from "../../api/watch/watch-requests.ts";
import { assert } from "../base/assert.ts";
import * as machine from "../machine/limits.ts";
import { rowsPerPageMax } from "../machine/reads/page.ts";
import { waitersLookedAtMax, waitersShownMax } from "../machine/reads/views.ts";
import { proposalsPerMessageMax } from "../node/writes/commands.ts";
import { addressLengthMax, memberIdsMax, membersHeardMax, membersMax } from "../raft/ceilings.ts";
import { folderRunsMax } from "../storage/folder-runs.ts";
import { keyBytesMax } from "../storage/write-batch.ts";
import { chunkBytesMax } from "../transport/chunk.ts";
import { ancestorsLengthMax, ancestorsMax } from "../transport/claim.ts";
import { frameBytesMax } from "../transport/frame.ts";
import { answerBytesMax as genesisBytesMax } from "../transport/genesis.ts";
import { startsMax } from "../transport/starts-frame.ts";
import { itemsMax } from "../transport/wire-entry.ts";

const MIB = 1024 * 1024;

/** Target size of one message of entries: enough for a fast connection, and a heartbeat after it is not late. One entry may exceed it. */
export const messageBytesMax = MIB;
/** Target size of one message of forwarded commands. */
export const forwardBytesMax = MIB;
/**
 * Target size of one part of a snapshot: the round trip between two does not matter, and one is written in one turn. A part ends with
 * the row that reaches it.
 */
export const sentChunkBytesMax = MIB;

/** What a value is in the log or in a row: with a key, labels, a comment and the names of fields. */
const largestEntryBytes = machine.valueBytesMax + 64 * 1024;
/** A node id, or the id of a folder or a run, with what surrounds it in JSON. */
const idBytes = 64 + 3;
/** Bytes of all that is sent about one member. */
const memberBytes = idBytes + 2 * addressLengthMax + 256;
/** A lease id as JSON, with its comma. */
const leaseIdBytes = "l1234567890123456".length + 3;

type Bound = readonly [name: string, value: number];
type Relation = readonly [lesser: Bound, greater: Bound];

/** Throws at the first pair of bounds that do not fit together, with their names and values. */
export function assertLimitsFit(api: ApiLimits): void {
  for (const [[name, value], [bound, most]] of [...betweenNodes(), ...ofState(), ...towardsClients(api)]) {
    assert(value <= most, `${name} is ${value}, and ${bound} holds ${most} at most`);
  }
}

function betweenNodes(): readonly Relation[] {
  const frame: Bound = ["a frame", frameBytesMax];
  const message: Bound = ["a message", messageBytesMax];
  return [
    [["a message and the entry that exceeds it", messageBytesMax + largestEntryBytes], frame],
    [["forwarded commands and the one that exceeds them", forwardBytesMax + largestEntryBytes], frame],
    [["a membership with all ids that a cluster remembers", memberIdsMax * idBytes + membersMax * memberBytes], message],
    [
      ["a part of a snapshot and the row that exceeds it", sentChunkBytesMax + largestEntryBytes],
      ["a part that is taken", chunkBytesMax],
    ],
    [
      ["commands of a forwarded message", proposalsPerMessageMax],
      ["a list in a message", itemsMax],
    ],
    [
      ["members", membersMax],
      ["a membership that is heard", membersHeardMax],
    ],
    [
      ["members", membersMax],
      ["a report of starts", startsMax],
    ],
    [
      ["runs that a folder keeps", folderRunsMax],
      ["ancestors in a handshake", ancestorsMax],
    ],
    [
      ["characters of these runs", folderRunsMax * idBytes],
      ["their header", ancestorsLengthMax],
    ],
    // Of each id that ever was: its folder, and that it was removed.
    [
      ["the answer to a node that joins", memberIdsMax * 3 * idBytes + membersMax * memberBytes],
      ["the answer that such a node reads", genesisBytesMax],
    ],
    [
      ["the members of a cluster", membersMax * memberBytes],
      ["a forwarded answer", forwardedBytesMax],
    ],
  ];
}

function ofState(): readonly Relation[] {
  return [
    // Before and after a name: the mark of its kind, numbers, separators.
    [
      ["a name with what keys of tables add", machine.nameBytesMax + 120],
      ["a key of a table", keyBytesMax],
    ],
    [
      ["waiters that are shown", waitersShownMax],
      ["waiters that are looked at for it", waitersLookedAtMax],
    ],
    [
      ["what is attached to one lease", machine.holdingsPerLeaseMax],
      ["rows that are looked at for a page", rowsPerPageMax],
    ],
    [
      ["a value that an entry ends", machine.valueBytesMax],
      ["values that one entry ends", machine.endedBytesMax],
    ],
    [
      ["values that one entry ends", machine.endedBytesMax],
      ["values that one entry compacts", machine.compactedBytesPerEntryMax],
    ],
  ];
}

function towardsClients(api: ApiLimits): readonly Relation[] {
  const { watch, answers, bodies } = api;
  const socketMessage: Bound = ["a message of a socket", watch.messageBytesMax];
  return [
    // A larger value in the log would be one that nobody can apply.
    [
      ["a value that is let in", api.valueBytesMax],
      ["a value that is applied", machine.valueBytesMax],
    ],
    [
      ["a value that is let in", api.valueBytesMax],
      ["bodies that are not complete", bodies.unfinishedBytesMax],
    ],
    [
      ["a name and a comment, percent-encoded", 3 * (machine.nameBytesMax + machine.commentBytesMax)],
      ["the head of a request", api.headerBytesMax],
    ],
    [
      ["a page", api.pageBytesMax],
      ["answers that are not read", answers.sendingBytesMax],
    ],
    [["a watch with all its targets", targetsMax * (machine.nameBytesMax + 64)], socketMessage],
    [["a keepalive of all leases of a socket", watch.leasesPerSocketMax * leaseIdBytes], socketMessage],
    [
      ["leases of a socket", watch.leasesPerSocketMax],
      ["renewals of one command", machine.renewalsMax],
    ],
    [socketMessage, ["what sockets sent and nobody looked at", watch.backlogBytesMax]],
    [
      ["a packet of events", watch.packetBytesMax],
      ["the window of a socket", watch.windowBytes],
    ],
    [
      ["the window of a socket", watch.windowBytes],
      ["what is sent to all sockets and not read", watch.sendingBytesMax],
    ],
    [
      ["a slow consumer's time while others wait", watch.slowConsumerContendedMs],
      ["its time", watch.slowConsumerMs],
    ],
    [
      ["a slow reader's time while others wait", answers.slowReaderContendedMs],
      ["its time", answers.slowReaderMs],
    ],
  ];
}
