/**
 * This file is `keyhold config check` and `keyhold config print`.
 */
import { readFileSync } from "node:fs";
import type { Result } from "../base/result.ts";
import { reachAdvice } from "../config/address-advice.ts";
import { type Config, loadConfig } from "../config/config.ts";
import { type OptionName, options } from "../config/options.ts";
import type { ConfigError } from "../config/values.ts";

/** The configuration of this process: `flags` as commander parsed them, the environment, the file they name. */
export function configOf(flags: Record<string, unknown>): Result<Config, ConfigError> {
  const { config, ...rest } = flags;
  return loadConfig({
    flags: rest,
    env: process.env,
    configFile: typeof config === "string" ? config : undefined,
    readText: (path) => readFileSync(path, "utf8"),
  });
}

/** `keyhold config check`: says on stdout that all is well, or on stderr what is wrong; returns the exit code. */
export function checkConfig(flags: Record<string, unknown>): number {
  const config = configOf(flags);
  if (config.ok) {
    const { nodeId, members, clusterName, join } = config.value;
    console.log(
      join === ""
        ? `ok: node ${nodeId} of ${members.length}, cluster ${JSON.stringify(clusterName)}`
        : `ok: node ${nodeId} joins ${join}`,
    );
    const advice = reachAdvice(config.value);
    if (advice !== undefined) console.error(`keyhold: warning: ${advice}`);
    return 0;
  }
  console.error(`keyhold: ${config.error.message}`);
  return config.error.exitCode;
}

/** `keyhold config print`: every option with its value and source; secrets only as set or not set. Returns the exit code. */
export function printConfig(flags: Record<string, unknown>): number {
  const config = configOf(flags);
  if (!config.ok) return checkConfig(flags);
  for (const name of Object.keys(options) as OptionName[]) {
    const value = config.value[name];
    const shown = options[name].kind === "secret" ? (value === "" ? "not set" : "set") : JSON.stringify(value);
    console.log(`${`${name}: ${shown}`.padEnd(40)} # ${config.value.optionSources[name]}`);
  }
  return 0;
}
