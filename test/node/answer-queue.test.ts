/**
 * This file tests that answers are given a few at a time, in their order, each once, and all of them when a node stops.
 */
import { describe, expect, test } from "vitest";
import { AnswerQueue } from "../../src/node/waits/answer-queue.ts";

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
  return { world, queue, give, turn };
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

  test("are charged with what they cost after they were given, and others get as much time as that", () => {
    const { world, queue, turn } = playedQueue();
    const dear = (number: number) =>
      queue.give(() => {
        queue.charge({ rows: 1_250, bytes: 0 });
        world.given.push(number);
      });
    dear(0);
    world.nowMs = 15;
    dear(1);
    dear(2);
    expect(world.given).toEqual([0]);
    turn();
    expect(world.given).toEqual([0, 1]);
    turn();
    expect(world.given).toEqual([0, 1, 2]);
    world.nowMs += 20;
    dear(3);
    expect(world.given).toEqual([0, 1, 2, 3]);
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
