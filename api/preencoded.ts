/**
 * This file lets a Socket.IO packet carry JSON text that is already written: a value goes from disk to the socket byte
 * for byte (no integer is rounded, no key reordered), and what a thousand sockets watch is written once. What arrives is
 * what Socket.IO's own encoder would have sent.
 */
import type { Server } from "socket.io";

/** JSON text that stands for itself where a packet's argument would be encoded. */
export class Preencoded {
  readonly json: string;
  constructor(json: string) {
    this.json = json;
  }
}

/** The part of a packet that is looked at here. */
type Packet = { readonly type: number; readonly nsp?: string; readonly id?: number; readonly data?: unknown };

/** EVENT in the Socket.IO protocol, revision 5. */
const eventPacketType = 2;

/** Teaches `io` to send `[event, Preencoded]`. To be called before the first connection. */
export function allowPreencoded(io: Server): void {
  const encoder = io.encoder;
  const encode = encoder.encode.bind(encoder);
  encoder.encode = (packet) => encodePreencoded(packet) ?? encode(packet);
}

/** The one string of the packet `2/namespace,id["event",json]`; undefined when nothing in it is preencoded. */
function encodePreencoded(packet: Packet): string[] | undefined {
  if (packet.type !== eventPacketType || !Array.isArray(packet.data)) return undefined;
  const [event, payload] = packet.data;
  if (!(payload instanceof Preencoded)) return undefined;
  const namespace = packet.nsp === undefined || packet.nsp === "/" ? "" : `${packet.nsp},`;
  return [`${packet.type}${namespace}${packet.id ?? ""}[${JSON.stringify(event)},${payload.json}]`];
}
