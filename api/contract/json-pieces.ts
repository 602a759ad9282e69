/**
 * This file joins JSON that exists partly as text and partly as bytes. The bytes of a large value go from the disk to the
 * socket without becoming a string in between: large strings are garbage collected late, and a thousand sockets make many.
 */

/** A part of a JSON text; bytes are UTF-8. */
export type JsonPiece = string | Buffer;

/** All pieces in one buffer of its own. */
export function joinPieces(pieces: readonly JsonPiece[]): Buffer {
  const bytes = pieces.reduce((sum, piece) => sum + (typeof piece === "string" ? Buffer.byteLength(piece) : piece.length), 0);
  const joined = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const piece of pieces) at += typeof piece === "string" ? joined.write(piece, at) : piece.copy(joined, at);
  return joined;
}
