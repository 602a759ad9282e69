/**
 * This file bounds the answer to a request of this node (DECISIONS 55). A program that listens on the address of a member that is down
 * is a stranger: it may send interim answers (1xx) without end, which Node.js parses by the thousand in one go, or a body without end.
 * Nodes send no interim answer, so the first one ends the connection; bytes are counted before the parser, which gets them in slices.
 */
import type { ClientRequest } from "node:http";
import type { Socket } from "node:net";

/** Bytes for a head and the framing of a short body; Node.js itself accepts no head of more than 16 KiB. */
export const answerHeadBytesMax = 32 * 1024;

/** The program that answers is no node, or a faulty one. */
export class UnwantedAnswer extends Error {}

/** Raises the bound of one answer while it goes on, as for a stream. */
export type AnswerGuard = {
  /** Allows so many more bytes from now on, whatever was allowed before. */
  allow(bytes: number): void;
};

/** Bytes handed to the parser at a time: some two hundred of the shortest answers. */
const sliceBytes = 4 * 1024;

type Allowance = { bytesLeft: number };

/** By connection: the bytes that may arrive; undefined between two requests, when none may. */
const allowances = new WeakMap<Socket, Allowance | undefined>();

/**
 * Lets at most `bytesMax` bytes, heads and framing included, come as the answer to `request`, and no interim answer; what exceeds
 * it destroys the connection, and `request` emits an `UnwantedAnswer`. To be called in the turn in which the request was made.
 */
export function guardAnswer(request: ClientRequest, bytesMax: number): AnswerGuard {
  const allowance: Allowance = { bytesLeft: bytesMax };
  request.on("information", () =>
    request.destroy(new UnwantedAnswer("interim answers (1xx) come from there, and nodes send none")),
  );
  request.once("socket", (socket: Socket) => {
    if (!allowances.has(socket)) countArriving(socket);
    allowances.set(socket, allowance);
    // Before the agent gives the connection to the next request.
    request.once("close", () => {
      if (allowances.get(socket) === allowance) allowances.set(socket, undefined);
    });
  });
  return {
    allow(bytes) {
      allowance.bytesLeft = bytes;
    },
  };
}

/** Counts what the socket's handle delivers through `push`, before it is parsed. */
function countArriving(socket: Socket): void {
  const push = socket.push.bind(socket);
  socket.push = (chunk: Buffer | null): boolean => {
    if (chunk === null) return push(null);
    let wantsMore = true;
    for (let at = 0; at < chunk.length && !socket.destroyed; at += sliceBytes) {
      const slice = chunk.subarray(at, at + sliceBytes);
      const allowance = allowances.get(socket);
      if (allowance === undefined) {
        socket.destroy();
        return false;
      }
      allowance.bytesLeft -= slice.length;
      if (allowance.bytesLeft < 0) {
        socket.destroy(new UnwantedAnswer("the answer is longer than a node sends"));
        return false;
      }
      wantsMore = push(slice);
    }
    return wantsMore;
  };
}
