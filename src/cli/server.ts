/**
 * This file is `keyhold server`: one node as a process. It handles what belongs to a process: signals, the exit code, and the
 * last line after a failure.
 */
import type { Logger } from "pino";
import type { NodeRetired, RunningNode } from "../composition/start-node.ts";
import { configOf } from "./config-command.ts";
import { createLogger } from "./log.ts";
import { describeTakenPort } from "./ports.ts";

const exitStopped = 0;
const exitFailed = 1;
/** EX_CONFIG: a setting is refused as unsafe, or the node must not take part. A supervisor must not start it again. */
const exitRefused = 78;
/** EX_CANTCREAT: the data folder cannot be made or written, or its disk is full. Starting again helps once that is repaired. */
const exitNoFolder = 73;
/** EX_SOFTWARE: a violated invariant or a failed disk; a supervisor restarts the node, which recovers from disk. */
const exitBroken = 70;

/** Starts the node and returns; the process ends by a signal, or by a failure. */
export async function runServer(flags: Record<string, unknown>): Promise<void> {
  const config = configOf(flags);
  if (!config.ok) {
    console.error(`keyhold: ${config.error.message}`);
    process.exitCode = config.error.exitCode;
    return;
  }
  const logger = createLogger(config.value);
  const broken = endOnBreakage(logger);
  const starting = stopWhileStarting();
  const { startNode } = await import("../composition/start-node.ts");
  let node: RunningNode;
  // A node may be retired while it is still starting.
  let retire: (retirement: NodeRetired) => void = () => undefined;
  const retired = new Promise<NodeRetired>((resolve) => {
    retire = resolve;
  });
  try {
    const host = { logger, onFatal: broken("the node has stopped"), onRetired: retire, signal: starting.signal };
    node = await startNode(config.value, host);
  } catch (error) {
    if (starting.signal.aborted) {
      logger.info("stopped before it began");
      process.exit(exitStopped);
    }
    logger.fatal(fieldsOf(error), "did not start");
    console.error(`keyhold: ${describeStartFailure(error)}`);
    process.exit(exitCodeOf(error));
  }
  const stop = endOnSignals(node, logger);
  starting.over();
  void retired.then(({ kind, message }) => {
    logger.error({ retired: kind }, message);
    stop(kind, { code: exitRefused, lastLine: `keyhold: ${message}` });
  });
}

/** An unexpected error ends the process at once: going on with a state that may be wrong is worse than a restart. */
function endOnBreakage(logger: Logger): (what: string) => (error: unknown) => never {
  const end =
    (what: string) =>
    (error: unknown): never => {
      logger.fatal(fieldsOf(error), what);
      console.error(`keyhold: stopping: ${error instanceof Error ? error.message : String(error)}`);
      // After a write that LMDB failed at, an orderly exit may itself crash; nothing is lost by leaving at once.
      if (error instanceof Error && "atOnce" in error && error.atOnce === true) process.kill(process.pid, "SIGKILL");
      process.exit(mustNotTakePart(error) ? exitRefused : exitBroken);
    };
  process.on("uncaughtException", end("uncaught exception"));
  process.on("unhandledRejection", end("unhandled rejection"));
  return end;
}

/** The first signal ends a start, which may be a wait for other nodes without end, and nothing is lost; a second one ends the process. */
function stopWhileStarting(): { readonly signal: AbortSignal; readonly over: () => void } {
  const controller = new AbortController();
  const stop = () => controller.abort();
  const events = ["SIGTERM", "SIGINT", "disconnect"] as const;
  for (const event of events) process.once(event, stop);
  return {
    signal: controller.signal,
    over: () => {
      for (const event of events) process.off(event, stop);
    },
  };
}

/** Stops in order. `end` is for a node that stops by itself; it does not speed up a stop that is under way. */
type Stop = (reason: string, end?: { readonly code: number; readonly lastLine: string }) => void;

/** The first signal stops in order, the second at once. The end of the parent (`keyhold dev` was killed) counts as a signal. */
function endOnSignals(node: RunningNode, logger: Logger): Stop {
  let stopping = false;
  const stop: Stop = (reason, end) => {
    if (stopping) {
      if (end !== undefined) return;
      logger.warn({ reason }, "stopping at once");
      process.exit(exitFailed);
    }
    stopping = true;
    logger.info({ reason }, "stopping");
    node.stop().then(
      () => {
        logger.info("stopped");
        if (end !== undefined) console.error(end.lastLine);
        process.exit(end?.code ?? exitStopped);
      },
      (error: unknown) => {
        logger.fatal({ err: error }, "did not stop in order");
        process.exit(exitBroken);
      },
    );
  };
  process.on("SIGTERM", () => stop("SIGTERM"));
  process.on("SIGINT", () => stop("SIGINT"));
  if (process.connected) {
    process.on("disconnect", () => stop("the parent process ended"));
    process.channel?.unref();
  }
  return stop;
}

function exitCodeOf(error: unknown): number {
  if (mustNotTakePart(error)) return exitRefused;
  // A setting that only shows to be wrong beside the data folder.
  if (error instanceof Error && "exitCode" in error && typeof error.exitCode === "number") return error.exitCode;
  const codes: readonly unknown[] = ["cannotUse", "noRoom"];
  return error instanceof Error && "code" in error && codes.includes(error.code) ? exitNoFolder : exitFailed;
}

/**
 * Starting again with the same data and software cannot help, and might do harm: the data folder belongs to another cluster
 * or node, its node was removed, its vote is lost, or the cluster has moved on to a version that this software does not know.
 */
function mustNotTakePart(error: unknown): boolean {
  const codes: readonly unknown[] = [
    ...["foreignCluster", "foreignNode", "notAdmitted", "unknownFormat", "beyondRepair"],
    "unsupportedClusterVersion",
  ];
  return error instanceof Error && "code" in error && codes.includes(error.code);
}

/** Fields for the log: the stack of an unexpected error. An error with a code is explained by its message, in the last line. */
function fieldsOf(error: unknown): object {
  for (const cause of [error, error instanceof Error ? error.cause : undefined]) {
    if (!(cause instanceof Error && "code" in cause && typeof cause.code === "string")) continue;
    if (!cause.code.startsWith("ERR_")) return { code: cause.code };
  }
  return { err: error };
}

function describeStartFailure(error: unknown): string {
  // The transport wraps the system's error, which names the port.
  for (const cause of [error, error instanceof Error ? error.cause : undefined]) {
    if (cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE" && "port" in cause) {
      return describeTakenPort(Number(cause.port));
    }
  }
  return error instanceof Error ? error.message : String(error);
}
