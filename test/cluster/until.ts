/**
 * This file waits for conditions of the outside world, which cannot call us when they come true.
 */
import { setTimeout as delay } from "node:timers/promises";

const pollMs = 10;

/** The first result of `attempt` that is not undefined; throws after `withinMs` and names what was waited for. */
export async function until<T>(
  what: string,
  withinMs: number,
  attempt: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const result = await attempt();
    if (result !== undefined) return result;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`);
    await delay(pollMs);
  }
}
