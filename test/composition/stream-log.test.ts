/**
 * This file checks that a peer that is away, or has another secret, is logged without filling the log.
 */
import { expect, test } from "vitest";
import { transportLog } from "../../src/composition/stream-log.ts";
import { toNodeId } from "../../src/raft/types.ts";

const n2 = toNodeId("n2");
const refused = "connect ECONNREFUSED 127.0.0.1:7102";

function recorded() {
  const lines: string[] = [];
  const clock = { ms: 0 };
  const write = (level: string) => (fields: object, message: string) => {
    const { reason, suppressed } = { reason: "", suppressed: 0, ...fields };
    lines.push(`${level} ${message}: ${reason} +${suppressed}`);
  };
  const logger = { debug: () => undefined, info: write("info"), warn: write("warn"), error: write("error") };
  const note = transportLog(logger, () => clock.ms);
  const close = (reason: string) => note({ kind: "outgoingClosed", peer: n2, reason });
  const open = () => note({ kind: "outgoingOpened", peer: n2 });
  return { lines, clock, note, close, open };
}

test("a dead peer that is called five times a second is one line in half a minute, and the next one counts", () => {
  const { lines, clock, close, open } = recorded();
  open();
  for (; clock.ms < 60_000; clock.ms += 200) close(refused);
  expect(lines).toEqual([`info stream closed: ${refused} +0`, `info stream closed: ${refused} +149`]);
});

test("another reason is logged at once, and two that take turns are not logged again and again", () => {
  const { lines, clock, close, open } = recorded();
  open();
  for (; clock.ms < 10_000; clock.ms += 200) {
    close(refused);
    close("socket hang up");
  }
  expect(lines).toEqual([`info stream closed: ${refused} +0`, "info stream closed: socket hang up +0"]);
});

test("the end of a stream that stood for long is logged, and one that breaks again and again is not logged each time", () => {
  const { lines, clock, close, open } = recorded();
  open();
  close(refused);
  clock.ms = 6000;
  open();
  close(refused);
  expect(lines.length).toBe(2);
  for (; clock.ms < 10_000; clock.ms += 50) {
    open();
    close(refused);
  }
  expect(lines.length).toBe(2);
});

test("answers that are never the same do not fill the log", () => {
  const { lines, clock, close, open } = recorded();
  open();
  for (; clock.ms < 29_000; clock.ms += 100) close(`refused with 404: ${clock.ms}`);
  expect(lines.length).toBe(8);
});

test("nodes that start together and do not find each other are not logged for three seconds", () => {
  const { lines, clock, close } = recorded();
  for (; clock.ms < 4000; clock.ms += 100) close(refused);
  expect(lines).toEqual([`info stream closed: ${refused} +0`]);
});

test("another peer secret is a warning with the way out, at once", () => {
  const { lines, close } = recorded();
  close("refused with 401: the caller did not prove that it knows the peer secret");
  close("refused with 401: the caller did not prove that it knows the peer secret");
  expect(lines).toEqual([expect.stringMatching(/^warn .*different peer secrets.*KEYHOLD_PEER_SECRET/)]);
});
