/**
 * This file is the way from the API of one simulated node to that of another: a connection of its own through the network between them.
 */
import type { CallNode, NodeAnswer, NodeCall, NodeUnanswered } from "../../../api/ports.ts";
import { err, ok, type Result } from "../../../src/base/result.ts";
import { toNodeId } from "../../../src/raft/types.ts";
import type { CallsWorld } from "./cluster-calls.ts";
import type { SimNode } from "./sim-node.ts";

const delayMsMean = 2;
const lossOfAnswers = 0.05;

/** Calls the API at `call.url` (`http://` and an id of a node and its port) as `from` does. Settles within the time of the call. */
export function callNode(world: CallsWorld, from: SimNode, call: NodeCall): ReturnType<CallNode> {
  const { scheduler, streams, isCalm } = world;
  const to = world.machineOf(toNodeId(new URL(call.url).hostname));
  const isCut = (): boolean => world.network().isBlocked(from.index, to.index) || world.network().isBlocked(to.index, from.index);
  return new Promise((resolve) => {
    let left = false;
    const settle = (result: Result<NodeAnswer, NodeUnanswered>): void => {
      scheduler.touched();
      resolve(result);
    };
    const hangUp = new AbortController();
    scheduler.after(from.clock.realMs(call.timeoutMs), () => {
      hangUp.abort();
      settle(err({ left }));
    });
    const later = (run: () => void): void => void scheduler.after(streams.net.exponential(delayMsMean), run);
    later(() => {
      // Nobody answers a connection that is cut, until the time is over; a machine without a process refuses it.
      if (isCut()) return;
      const { process } = to;
      if (process === null) return later(() => settle(err({ left })));
      left = true;
      const { method, headers, bytes, path } = call;
      const body = bytes.length === 0 ? {} : { body: Buffer.from(bytes) };
      const request = new Request(call.url + path, { method, headers, signal: hangUp.signal, ...body });
      process.api
        .fetch(request)
        .then(async (response) => answerOf(response, await response.text()))
        .then(
          (answer) => {
            if (isCut() || (!isCalm() && streams.net.chance(lossOfAnswers))) return;
            later(() => settle(ok(answer)));
          },
          () => later(() => settle(err({ left }))),
        );
    });
  });
}

function answerOf({ status, headers }: Response, body: string): NodeAnswer {
  const kept = ["content-type", "retry-after"].flatMap((name) => {
    const value = headers.get(name);
    return value === null ? [] : [name, value];
  });
  return { status, headers: kept, body };
}
