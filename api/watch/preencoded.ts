/**
 * This file lets a Socket.IO packet carry JSON that is already written (DECISIONS 42): a value goes from disk to the socket byte
 * for byte (no integer is rounded, no key reordered), and events that a thousand sockets watch are written once and take memory
 * once. Clients receive what Socket.IO's own encoder would have sent.
 */
import type { Server, Socket } from "socket.io";
import type { SharedMessage } from "./socket-outlet.ts";

/** JSON text that is sent as it is, in place of a packet's argument. */
export class Preencoded {
  readonly json: string;
  constructor(json: string) {
    this.json = json;
  }
}

/** The part of a packet that is used here. */
type Packet = { readonly type: number; readonly nsp?: string; readonly id?: number; readonly data?: unknown };

/** EVENT and ACK in the Socket.IO protocol, revision 5. */
const eventPacketType = 2;
const ackPacketType = 3;

/** Teaches `io` to send `[event, Preencoded]`, and to answer with a `Preencoded`. To be called before the first connection. */
export function allowPreencoded(io: Server): void {
  const encoder = io.encoder;
  const encode = encoder.encode.bind(encoder);
  encoder.encode = (packet) => encodePreencoded(packet) ?? encode(packet);
}

/** The one string of the packet `2/namespace,id["event",json]`, or `3/namespace,id[json]`; undefined when nothing in it is preencoded. */
function encodePreencoded(packet: Packet): string[] | undefined {
  if (!Array.isArray(packet.data)) return undefined;
  const [event, payload] = packet.data;
  const namespace = packet.nsp === undefined || packet.nsp === "/" ? "" : `${packet.nsp},`;
  if (packet.type === ackPacketType && event instanceof Preencoded)
    return [`${packet.type}${namespace}${packet.id ?? ""}[${event.json}]`];
  if (packet.type !== eventPacketType || !(payload instanceof Preencoded)) return undefined;
  return [`${packet.type}${namespace}${packet.id ?? ""}[${JSON.stringify(event)},${payload.json}]`];
}

/**
 * Sends `[event, {...}]` whose end is a buffer that is shared with other sockets. The websocket gets the finished frame
 * in two parts, so that neither Socket.IO nor the websocket makes a string or a copy of the buffer.
 */
export function emitShared(socket: Socket, event: string, { head, tail }: SharedMessage): void {
  // `4` is a message of Engine.IO, `2` an event of Socket.IO.
  const text = Buffer.from(`4${eventPacketType}${socket.nsp.name},[${JSON.stringify(event)},${head}`);
  const header = textFrameHeader(text.length + tail.length);
  const options = { compress: false, wsPreEncodedFrame: [Buffer.concat([header, text]), tail] };
  socket.conn.write("", options);
}

/** The header of an unmasked text frame in one piece (RFC 6455 section 5.2). */
function textFrameHeader(payloadBytes: number): Buffer {
  const finalText = 0x81;
  if (payloadBytes <= 125) return Buffer.from([finalText, payloadBytes]);
  if (payloadBytes <= 0xffff) return Buffer.from([finalText, 126, payloadBytes >> 8, payloadBytes & 0xff]);
  const header = Buffer.alloc(10);
  header.writeUInt8(finalText, 0);
  header.writeUInt8(127, 1);
  header.writeBigUInt64BE(BigInt(payloadBytes), 2);
  return header;
}
