/**
 * This file is the public interface of @keyhold/client: everything that a program may use.
 */
export type {
  ClusterStatus,
  ErrorCode,
  Lease,
  LeaseGranted,
  LeasePage,
  Lock,
  LockPage,
  Problem,
  WatchTarget,
} from "../generated/types.ts";
export { createClient, type KeyholdClient } from "./client.ts";
export type { ConfigClient, ConfigPage, Expectation, ListOptions, PutOptions, UpdateOptions } from "./config.ts";
export type { Clock, Environment } from "./environment.ts";
export {
  type ClientError,
  errorTable,
  type KeyholdErrorCode,
  type LockLost,
  LockLostError,
  type ProblemOf,
} from "./errors.ts";
export type { Hold } from "./hold.ts";
export type { AcquireError, AcquireOptions, LockClient } from "./locks.ts";
export type { CallOptions, ClientOptions, ReadOptions, RetryOptions, WriteOptions } from "./options.ts";
export type { Result } from "./result.ts";
export type { ConfigEntry, ConfigItem } from "./value.ts";
export type { Watch, WatchFailure, WatchItem, WatchOptions } from "./watch.ts";
export type { EventsItem, SnapshotItem, WatchEvent } from "./watch-cursor.ts";
export type { WatchSocket, WatchSocketOptions } from "./watch-socket.ts";
