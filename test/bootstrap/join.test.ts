/**
 * This file tests whom a node believes that is told several addresses to join by.
 */
import { afterEach, expect, test } from "vitest";
import { findCluster } from "../../src/bootstrap/join.ts";
import type { Config } from "../../src/config/config.ts";
import type { Genesis } from "../../src/transport/genesis.ts";
import { openRecorded, type Recorded } from "../transport/http-harness.ts";

const secret = "known-to-all-nodes-of-the-test-cluster";
const membership = { voters: [], votersOutgoing: [], learners: [], learnersNext: [], addresses: {}, removed: [] };
const genesis: Genesis = { kind: "established", clusterId: "test", membership, first: {}, instances: {}, removed: [] };
const opened: Recorded[] = [];

async function open(...parameters: Parameters<typeof openRecorded>): Promise<string> {
  const recorded = await openRecorded(...parameters);
  opened.push(recorded);
  return recorded.address.peerUrl;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ transport }) => transport.close()));
});

/** Asks the addresses in their order, as the node n9. */
function join(...joinUrls: string[]): Promise<Genesis> {
  const config = { nodeId: "n9", joinUrls, peerSecret: secret, insecure: false, tickMs: 20, electionTicks: 25 };
  const log = { info: () => undefined, warn: () => undefined };
  return findCluster(config as unknown as Config, { log, signal: AbortSignal.timeout(20_000) });
}

const stranger = () => open("n8", { access: { kind: "secret", secret: "another-secret-that-nobody-here-knows" } });

test("an address that refuses does not end the join when another is a member's, whichever comes first", async () => {
  const [refusing, member] = [await stranger(), await open("n1", { onGenesis: () => genesis })];
  expect(await join(refusing, member)).toEqual(genesis);
  expect(await join(member, refusing)).toEqual(genesis);
});

test("a member that is starting is asked again, beside an address that refuses", async () => {
  let asked = 0;
  const member = await open("n1", {
    onGenesis: () => {
      asked += 1;
      return asked > 2 ? genesis : undefined;
    },
  });
  expect(await join(await stranger(), member)).toEqual(genesis);
  expect(asked).toBe(3);
});

test("it ends with the reason when all addresses refuse", async () => {
  await expect(join(await stranger(), await stranger())).rejects.toThrow(
    /^no member lets this node in: .*refused with 401: unauthorized: the caller did not prove that it knows the peer secret/,
  );
});
