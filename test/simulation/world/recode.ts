/**
 * This file sends a message through the production codec and back: what comes out must be what went in.
 */
import type { Message } from "../../../src/raft/types.ts";
import { frameHeaderBytes } from "../../../src/transport/frame.ts";
import { decodeMessage, encodeMessage } from "../../../src/transport/wire.ts";
import type { Report } from "../checks/finding.ts";
import { hashValue } from "./state-hash.ts";

/** Through the production codec and back. */
export function recode(message: Message, report: Report): Message {
  const decoded = decodeMessage(encodeMessage(message).subarray(frameHeaderBytes));
  if (hashValue(1, decoded) !== hashValue(1, message))
    report("the codec keeps messages", `the codec changed ${JSON.stringify(message)} to ${JSON.stringify(decoded)}`);
  return decoded;
}
