/**
 * This file divides the files that the process may have open. Clients, peers and the disk share one limit of the system; what
 * clients may take must leave enough for the others, or many clients could prevent a restarted member from coming back.
 */

/** Open files for connections of peers in both directions, for clients that are refused for lack of room, and for the data folder. */
export const reservedFiles = 512;

/** How many files this process may have open; undefined where the system does not report it, as on Windows. */
export function openFilesMax(): number | undefined {
  const { report } = process;
  // Otherwise the report looks up the name of every peer. Its type has this field from Node 22 on.
  Object.assign(report, { excludeNetwork: true });
  const limits: unknown = (report.getReport() as { readonly userLimits?: unknown }).userLimits;
  if (typeof limits !== "object" || limits === null || !("open_files" in limits)) return undefined;
  const { open_files: openFiles } = limits;
  if (typeof openFiles !== "object" || openFiles === null || !("soft" in openFiles)) return undefined;
  return typeof openFiles.soft === "number" ? openFiles.soft : undefined;
}

/**
 * Connections of clients at a time: `wanted`, or what `filesMax` leaves for them; a quarter of it at least.
 *
 * @example clientConnections({ wanted: 10_000, filesMax: 1024 }) // 512
 */
export function clientConnections(given: { readonly wanted: number; readonly filesMax: number | undefined }): number {
  const { wanted, filesMax } = given;
  return filesMax === undefined ? wanted : Math.min(wanted, Math.max(filesMax - reservedFiles, Math.floor(filesMax / 4)));
}
