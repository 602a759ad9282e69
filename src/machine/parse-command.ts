/**
 * This file turns decoded data into a command. It is the only check between the log and apply, which trusts its commands.
 * Its bounds are part of what the log means: an entry that it refuses is skipped (DECISIONS 27), so changing a bound takes a new cluster
 * version, or replicas would differ.
 */
import { unreachable } from "../base/assert.ts";
import { toLogIndex } from "../raft/types.ts";
import type { Command, CommandBody, Precondition, StorePosition } from "./command.ts";
import {
  bytesAt,
  type Fields,
  fenceAt,
  fieldsOf,
  integerAt,
  kindAt,
  leaseIdAt,
  leaseIdOrNullAt,
  leaseIdsAt,
  nameAt,
  nodeIdAt,
  objectAt,
  revisionAt,
  textAt,
  textOrNullAt,
  ticketAt,
} from "./fields.ts";
import {
  commentBytesMax,
  labelBytesMax,
  leaseTtlMsMax,
  leaseTtlMsMin,
  nameBytesMax,
  renewalsMax,
  requestIdBytesMax,
  valueBytesMax,
  waitMsMax,
} from "./limits.ts";
import type { LeaseChoice } from "./types.ts";

const bodyKinds = [
  "configPut",
  "configDelete",
  "leaseGrant",
  "leaseRevoke",
  "leaseRenew",
  "lockAcquire",
  "lockRelease",
  "lockCancel",
  "lockBreak",
  "memberHello",
] as const satisfies readonly CommandBody["kind"][];

const label = { min: 0, max: labelBytesMax };
const ttl = { min: leaseTtlMsMin, max: leaseTtlMsMax };

/** `value` as a command, sharing nothing with it; throws MalformedCommand with the field that is wrong. */
export function parseCommand(value: unknown): Command {
  const fields = fieldsOf(value, "command");
  const request = fields.values["request"];
  return {
    request: request === null ? null : parseRequest(fieldsOf(request, "request")),
    body: parseBody(fieldsOf(fields.values["body"], "body")),
  };
}

function parseRequest(fields: Fields): Command["request"] {
  return {
    id: nameAt(fields, "id", requestIdBytesMax),
    fingerprint: textAt(fields, "fingerprint", { min: 1, max: requestIdBytesMax }),
    since: fields.values["since"] === null ? null : parsePosition(objectAt(fields, "since")),
  };
}

function parsePosition(fields: Fields): StorePosition {
  return {
    storeId: nameAt(fields, "storeId", requestIdBytesMax),
    index: toLogIndex(integerAt(fields, "index", { min: 0, max: Number.MAX_SAFE_INTEGER })),
  };
}

function parseBody(fields: Fields): CommandBody {
  const kind = kindAt(fields, bodyKinds);
  switch (kind) {
    case "configPut":
      return parsePut(fields);
    case "configDelete":
      return {
        kind,
        key: nameAt(fields, "key", nameBytesMax),
        precondition: parsePrecondition(objectAt(fields, "precondition")),
      };
    case "leaseGrant":
      return { kind, ttlMs: integerAt(fields, "ttlMs", ttl), owner: textOrNullAt(fields, "owner", label) };
    case "leaseRevoke":
      return { kind, leaseId: leaseIdAt(fields, "leaseId") };
    case "leaseRenew":
      return { kind, leaseIds: leaseIdsAt(fields, "leaseIds", renewalsMax) };
    case "lockAcquire":
      return {
        kind,
        name: nameAt(fields, "name", nameBytesMax),
        lease: parseLease(objectAt(fields, "lease")),
        waitMs: integerAt(fields, "waitMs", { min: 0, max: waitMsMax }),
        owner: textOrNullAt(fields, "owner", label),
      };
    case "lockRelease":
      return {
        kind,
        name: nameAt(fields, "name", nameBytesMax),
        leaseId: leaseIdAt(fields, "leaseId"),
        fence: fenceAt(fields, "fence"),
      };
    case "lockCancel":
      return { kind, name: nameAt(fields, "name", nameBytesMax), ticket: ticketAt(fields, "ticket") };
    case "lockBreak":
      return { kind, name: nameAt(fields, "name", nameBytesMax) };
    case "memberHello":
      return {
        kind,
        id: nodeIdAt(fields, "id"),
        instanceId: nameAt(fields, "instanceId", labelBytesMax),
        version: integerAt(fields, "version", { min: 1, max: Number.MAX_SAFE_INTEGER }),
        stateBytesMax: integerAt(fields, "stateBytesMax", { min: 1, max: Number.MAX_SAFE_INTEGER }),
      };
    default:
      return unreachable(kind);
  }
}

function parsePut(fields: Fields): CommandBody {
  return {
    kind: "configPut",
    key: nameAt(fields, "key", nameBytesMax),
    value: bytesAt(fields, "value", valueBytesMax),
    contentType: textAt(fields, "contentType", { min: 1, max: labelBytesMax }),
    precondition: parsePrecondition(objectAt(fields, "precondition")),
    leaseId: leaseIdOrNullAt(fields, "leaseId"),
    author: textOrNullAt(fields, "author", label),
    comment: textOrNullAt(fields, "comment", { min: 0, max: commentBytesMax }),
  };
}

function parsePrecondition(fields: Fields): Precondition {
  const kind = kindAt(fields, ["none", "absent", "exists", "modRevision"] as const);
  return kind === "modRevision" ? { kind, revision: revisionAt(fields, "revision") } : { kind };
}

function parseLease(fields: Fields): LeaseChoice {
  const kind = kindAt(fields, ["existing", "own"] as const);
  return kind === "existing" ? { kind, leaseId: leaseIdAt(fields, "leaseId") } : { kind, ttlMs: integerAt(fields, "ttlMs", ttl) };
}
