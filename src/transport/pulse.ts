/**
 * This file says how a stream is found to be dead. Once a beat the caller sends a ping, and the receiver answers what it
 * got in the last beat, whatever it was, with one byte; a side that hears nothing for `silentBeatsMax` beats gives up.
 * Beats are counted, not time: when our own event loop stood still, the bytes that wait in the socket are read before
 * the next beat, and nobody is blamed for our pause.
 */

/** Five beats of a quarter: a dead peer is known after 1 to 1.25 peer timeouts. */
export const silentBeatsMax = 5;
export const beatsPerTimeout = 4;

/** The time between two beats. */
export function beatMs(peerTimeoutMs: number): number {
  return peerTimeoutMs / beatsPerTimeout;
}

/** A stream that held this many beats was no accident: the next reconnect starts without backoff. */
export const provenBeats = 4;
