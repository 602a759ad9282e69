/**
 * This file derives what the API of a node is given from the node's options.
 */
import { type ApiLimits, defaultApiLimits, type Logger } from "../../api/context.ts";
import { type Config, urlHost } from "../config/config.ts";
import { clientConnections, openFilesMax } from "../intake/open-files.ts";
import { assertLimitsFit } from "./limit-relations.ts";

/** What listens everywhere goes by the address that a connection was made to; `0.0.0.0` in a browser is anybody's trick. */
export function hostNamesOf({ apiHost, apiHosts, apiPort }: Config): readonly string[] {
  const named = apiHosts === "" ? [] : apiHosts.split(",").map((name) => name.trim());
  return apiHost === "0.0.0.0" || apiHost === "::" ? named : [`${urlHost(apiHost)}:${apiPort}`, ...named];
}

/** The bounds of the API on this node. Says so when the system leaves fewer connections than it would take. */
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
