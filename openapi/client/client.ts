/**
 * This file puts the parts of a client together.
 */
import { type ClusterClient, createClusterClient } from "./cluster.ts";
import { type ConfigClient, createConfigClient } from "./config.ts";
import { linkedController } from "./environment.ts";
import { createLeaseClient, type LeaseClient } from "./leases.ts";
import { createLockClient, type LockClient } from "./locks.ts";
import { type ClientOptions, toSettings } from "./options.ts";
import { createTransport } from "./transport.ts";
import { openWatch, type Watch, type WatchOptions } from "./watch.ts";

/**
 * One client of a cluster. Its parts share an endpoint, the options and the end: after `close` every call ends with `aborted`.
 */
export type KeyholdClient = {
  readonly config: ConfigClient;
  readonly leases: LeaseClient;
  readonly locks: LockClient;
  readonly cluster: ClusterClient;
  /** Changes as they are committed; see WatchOptions. Iterate it once. */
  readonly watch: (options: WatchOptions) => Watch;
  /** Ends every call, watch and hold of this client. Holds are not released; they end with their TTL. */
  readonly close: () => void;
};

/**
 * A client of the cluster at `options.endpoints`. Opens nothing until it is used. Throws TypeError for options that can
 * never work; so do calls, for arguments that no request can say. Every other failure is a Result.
 *
 * @example
 * ```ts
 * const client = createClient({ endpoints: ["http://127.0.0.1:7001", "http://127.0.0.1:7002"] });
 * const entry = await client.config.get("payments/pool");
 * console.log(entry.ok ? entry.value.value : entry.error.code);
 * client.close();
 * ```
 */
export function createClient(options: ClientOptions): KeyholdClient {
  const settings = toSettings(options);
  const { controller, unlink } = linkedController([options.signal]);
  const transport = createTransport(settings, controller.signal);
  return {
    config: createConfigClient(transport),
    leases: createLeaseClient(transport),
    locks: createLockClient(transport),
    cluster: createClusterClient(transport),
    watch: (watchOptions) => openWatch(transport, watchOptions),
    close: () => {
      unlink();
      controller.abort(new Error("the client was closed"));
    },
  };
}
