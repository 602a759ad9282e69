/**
 * This file is a node's transport in a process of its own, for tests that kill it: `peer-process.ts <id> <peer> <peerUrl>`.
 * It prints its peer URL, and a line "connected" once its stream stands.
 */
import { toNodeId } from "../../src/raft/types.ts";
import { connect, openRecorded } from "./http-harness.ts";

const [id = "", peer = "", peerUrl = ""] = process.argv.slice(2);
const recorded = await openRecorded(id, { nodeId: toNodeId(id) });
process.stdout.write(`${recorded.address.peerUrl}\n`);
await connect(recorded, peer, peerUrl);
process.stdout.write("connected\n");
