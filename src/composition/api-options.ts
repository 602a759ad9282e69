/**
 * This file derives the options of a node's API from the node's options.
 */
import { type ApiLimits, defaultApiLimits, type Logger } from "../../api/context.ts";
import { type Config, urlHost } from "../config/config.ts";
import { clientConnections, openFilesMax } from "../intake/open-files.ts";
import { assertLimitsFit } from "./limit-relations.ts";

/**
 * The host names that the API answers to. For a wildcard host that is the address of each connection, never `0.0.0.0` itself
 * (DECISIONS 29).
 */
export function hostNamesOf({ apiHost, apiHosts, apiPort }: Config): readonly string[] {
  const named = apiHosts === "" ? [] : apiHosts.split(",").map((name) => name.trim());
  return apiHost === "0.0.0.0" || apiHost === "::" ? named : [`${urlHost(apiHost)}:${apiPort}`, ...named];
}

/** The bounds of the API on this node. Logs a warning when the limit of open files allows fewer connections than wanted. */
export function apiLimits(config: Config, logger: Logger): ApiLimits {
  const limits = {
    ...defaultApiLimits,
    connectionsMax: connectionsMax(logger),
    requestTimeoutMs: config.requestTimeoutMs,
    acquireHoldMsMax: config.acquireHoldMsMax,
    valueBytesMax: config.bodyBytesMax,
    watch: {
      ...defaultApiLimits.watch,
      watchesMax: config.watchesMax,
      watchesPerSocketMax: config.watchesPerConnectionMax,
    },
  };
  assertLimitsFit(limits);
  return limits;
}

function connectionsMax(logger: Logger): number {
  const [wanted, filesMax] = [defaultApiLimits.connectionsMax, openFilesMax()];
  const connections = clientConnections({ wanted, filesMax });
  if (connections < wanted)
    logger.warn({ filesMax, connections, wanted }, "serves fewer clients at a time; raise the limit of open files (ulimit -n)");
  return connections;
}
