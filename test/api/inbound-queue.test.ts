/**
 * This file tests when messages of a websocket client are handled.
 */
import { expect, test } from "vitest";
import { InboundBacklog } from "../../api/watch/inbound-backlog.ts";
import { InboundQueue } from "../../api/watch/inbound-queue.ts";
import { realTime } from "../../src/node/real-time.ts";

function startQueue() {
  const readings: boolean[] = [];
  const share = new InboundBacklog(1_000_000, realTime.turns.soon).open(
    () => 0,
    () => undefined,
  );
  let ready = 0;
  const queue = new InboundQueue({
    share,
    messagesMax: 4,
    bytesMax: 1_000_000,
    setReading: (reading) => void readings.push(reading),
    onReady: () => ready++,
  });
  const looked: string[] = [];
  const say = (name: string) => queue.push({ renews: false, handle: () => void looked.push(name) });
  const answers: (() => void)[] = [];
  const renew = (name: string) =>
    queue.push({
      renews: true,
      handle: () => {
        looked.push(name);
        return new Promise((resolve) => answers.push(resolve));
      },
    });
  return { queue, looked, answers, readings, say, renew, ready: () => ready };
}
const never = () => false;

test("a third renewal waits for the answer to one before it, and what follows it waits as well", async () => {
  const { queue, looked, answers, say, renew, ready } = startQueue();
  for (const name of ["a", "b", "c"]) renew(name);
  say("d");
  queue.look(never);
  expect(looked).toEqual(["a", "b"]);
  expect(queue.isReady).toBe(false);
  const before = ready();
  answers[1]?.();
  await Promise.resolve().then(() => undefined);
  expect(ready()).toBe(before + 1);
  queue.look(never);
  expect(looked).toEqual(["a", "b", "c", "d"]);
});

test("eight messages are a turn, or fewer when it is late", () => {
  const { queue, looked, say } = startQueue();
  for (let i = 0; i < 10; i++) say(String(i));
  queue.look(() => looked.length >= 3);
  expect(looked).toHaveLength(3);
  queue.look(never);
  expect(looked).toHaveLength(10);
});

test("a socket is not read while too much of it waits, and is again when all was handled", () => {
  const { queue, readings, say } = startQueue();
  for (let i = 0; i < 10; i++) say(String(i));
  expect(readings).toEqual([false]);
  queue.look(never);
  expect(readings).toEqual([false]);
  queue.look(never);
  expect(readings).toEqual([false, true]);
});
