/**
 * This file tests that answers are given a few at a time, in their order, each once, and all of them when a node stops; and that
 * reads are made one after the other, for clients that still wait, without holding up answers that exist.
 */
import { describe, expect, test } from "vitest";
import { AnswerQueue, type ReadyRead } from "../../src/node/waits/answer-queue.ts";

/** A queue in a world where time and turns are moved by hand. */
function playedQueue() {
  const world = { nowMs: 0, tasks: [] as (() => void)[], given: [] as number[] };
  const queue = new AnswerQueue({
    clock: { monotonicMs: () => world.nowMs, wallTimeMs: () => world.nowMs },
    turns: { soon: (task) => void world.tasks.push(task) },
  });
  const give = (from: number, to: number, { costMs = 0, weight = 1 } = {}) => {
    for (let number = from; number < to; number++) {
      queue.give(() => {
        world.nowMs += costMs;
        world.given.push(number);
      }, weight);
    }
  };
  const turn = () => {
    for (const task of world.tasks.splice(0)) task();
  };
  const ended: string[] = [];
  /** A read that takes `costMs`; what becomes of it is in `ended`. */
  const serve = (name: string, { costMs = 0, ...read }: Partial<ReadyRead> & { readonly costMs?: number } = {}) =>
    queue.serve({
      kind: "lookup",
      deadlineMs: Number.POSITIVE_INFINITY,
      isWanted: undefined,
      make: () => {
        world.nowMs += costMs;
        ended.push(name);
      },
      drop: (why) => void ended.push(`${name} ${why}`),
      ...read,
    });
  return { world, queue, give, turn, ended, serve };
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

describe("answers", () => {
  test("are given at once while they are few", () => {
    const { world, give } = playedQueue();
    give(0, 64);
    expect(world.given).toEqual(numbers(64));
    expect(world.tasks).toEqual([]);
    world.nowMs += 8;
    give(64, 128);
    expect(world.given).toEqual(numbers(128));
  });

  test("are at most 64 a turn, whenever they come, in their order", () => {
    const { world, queue, give, turn } = playedQueue();
    give(0, 200);
    expect(world.given).toHaveLength(64);
    turn();
    expect(world.given).toHaveLength(128);
    give(200, 210);
    expect(world.given).toHaveLength(128);
    for (const expected of [192, 210, 210]) {
      turn();
      expect(world.given).toHaveLength(expected);
    }
    expect(world.given).toEqual(numbers(210));
    expect(queue.length).toBe(0);
  });

  test("do not overtake those that wait for the next turn", () => {
    const { world, give, turn } = playedQueue();
    give(0, 100);
    world.nowMs += 100;
    give(100, 101);
    expect(world.given).toEqual(numbers(64));
    turn();
    expect(world.given).toEqual(numbers(101));
  });

  test("that are expensive to make are fewer a turn", () => {
    const { world, give, turn } = playedQueue();
    give(0, 6, { costMs: 2 });
    expect(world.given).toEqual([0, 1]);
    turn();
    expect(world.given).toEqual([0, 1, 2, 3]);
    turn();
    expect(world.given).toEqual(numbers(6));
  });

  test("that are expensive afterwards are fewer a turn", () => {
    const { world, give, turn } = playedQueue();
    give(0, 5, { weight: 32 });
    expect(world.given).toEqual([0, 1]);
    turn();
    expect(world.given).toEqual([0, 1, 2, 3]);
    turn();
    expect(world.given).toEqual(numbers(5));
  });

  test("are all given when the node stops, and then at once", () => {
    const { world, queue, give, turn } = playedQueue();
    give(0, 200);
    queue.close();
    expect(world.given).toEqual(numbers(200));
    give(200, 400);
    turn();
    expect(world.given).toEqual(numbers(400));
  });
});

describe("reads", () => {
  const list = { kind: "list", costMs: 5 } as const;

  test("are charged with what they cost after they were made, and others get as much time as that", () => {
    const { world, queue, turn, ended, serve } = playedQueue();
    const dear = (name: string) =>
      serve(name, {
        make: () => {
          queue.charge({ rows: 1_250, bytes: 0 });
          ended.push(name);
        },
      });
    dear("a");
    world.nowMs = 15;
    dear("b");
    dear("c");
    expect(ended).toEqual(["a"]);
    turn();
    expect(ended).toEqual(["a", "b"]);
    turn();
    expect(ended).toEqual(["a", "b", "c"]);
    world.nowMs += 20;
    dear("d");
    expect(ended).toEqual(["a", "b", "c", "d"]);
  });

  test("that wait by the hundred do not hold up an answer that exists", () => {
    const { world, give, turn, serve } = playedQueue();
    for (let i = 0; i < 500; i++) serve(`list ${i}`, list);
    give(0, 64);
    turn();
    expect(world.given).toEqual(numbers(64));
  });

  test("are made one a turn at least, lists and lookups by turns, however many answers there are", () => {
    const { give, turn, ended, serve } = playedQueue();
    give(0, 1_000);
    for (const name of ["a", "b"]) {
      serve(`list ${name}`, list);
      serve(`lookup ${name}`);
    }
    for (let turns = 0; turns < 4; turns++) turn();
    expect(ended).toEqual(["lookup a", "list a", "lookup b", "list b"]);
  });

  test("that are cheap wait for one list at most", () => {
    const { turn, ended, serve } = playedQueue();
    for (const name of ["a", "b", "c"]) serve(`list ${name}`, list);
    turn();
    for (let i = 0; i < 10; i++) serve(`lookup ${i}`);
    turn();
    turn();
    expect(ended.filter((name) => name.startsWith("lookup"))).toHaveLength(10);
    expect(ended.filter((name) => name.startsWith("list")).length).toBeLessThan(4);
  });

  test("of clients that have left, and those past their deadline, are not made and leave at the next tick", () => {
    const { world, queue, ended, serve } = playedQueue();
    let hasLeft = false;
    serve("first", list);
    serve("left", { ...list, isWanted: () => !hasLeft });
    serve("late", { ...list, deadlineMs: 100 });
    serve("stays", list);
    hasLeft = true;
    world.nowMs = 100;
    queue.expire(world.nowMs);
    expect(ended).toEqual(["first", "left unwanted", "late late"]);
    expect(queue.length).toBe(1);
  });

  test("are looked at once more when their turn comes", () => {
    const { world, turn, ended, serve } = playedQueue();
    serve("first", list);
    serve("late", { deadlineMs: 10 });
    world.nowMs = 10;
    turn();
    expect(ended).toEqual(["first", "late late"]);
  });

  test("are not made any more when the node stops", () => {
    const { queue, ended, serve } = playedQueue();
    for (const name of ["a", "b", "c"]) serve(name, list);
    queue.close();
    serve("d");
    expect(ended).toEqual(["a", "b closed", "c closed", "d closed"]);
  });
});
