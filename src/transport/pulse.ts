/**
 * This file defines how a dead stream is detected. Once a beat the caller sends a ping, and the receiver answers whatever
 * it got in the last beat with one byte; a side that receives nothing for `silentBeatsMax` beats gives up.
 * Beats are counted, not time: after a pause of this node's event loop, the bytes that wait in the socket are read before
 * the next beat, so no peer is cut off for it.
 */

/** Five beats of a quarter: a dead peer is known after 1 to 1.25 peer timeouts. */
export const silentBeatsMax = 5;
/** Beats in one peer timeout. */
export const beatsPerTimeout = 4;

/** Milliseconds between two beats. */
export function beatMs(peerTimeoutMs: number): number {
  return peerTimeoutMs / beatsPerTimeout;
}

/** After a stream that lasted this many beats, the next reconnect begins with the shortest backoff. */
export const provenBeats = 4;
