/**
 * This file makes the logger of a node: one JSON object a line for machines, or one readable line for people. What is
 * logged never contains a value or a secret; the redaction below is only a second safeguard.
 */
import pino, { type Logger } from "pino";
import type { Config } from "../config/config.ts";

/** A logger to standard output. It writes synchronously, so that the last line before a crash is not lost. */
export function createLogger(config: Pick<Config, "logLevel" | "logFormat" | "nodeId">): Logger {
  const settings = {
    level: config.logLevel,
    base: { node: config.nodeId },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: ["authorization", "peerSecret", "secret", "token", "value", "*.authorization", "*.peerSecret", "*.secret", "*.value"],
  };
  if (config.logFormat === "json") return pino(settings);
  const output = pino.destination({ fd: 1, sync: true });
  return pino(settings, { write: (line: string) => output.write(readable(line)) });
}

/** `08:15:30.123 info  became leader term=3` of one JSON line. */
export function readable(line: string): string {
  const { time, level, msg, node: _node, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const rest = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  const stack = typeof err === "object" && err !== null && "stack" in err ? `\n${String(err.stack)}` : "";
  return `${[String(time).slice(11, 23), String(level).padEnd(5), msg, ...rest].join(" ")}${stack}\n`;
}
