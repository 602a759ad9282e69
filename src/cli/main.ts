#!/usr/bin/env node
/**
 * This file is the `keyhold` command: its subcommands and their flags. Each one's work is imported only when it runs, so that
 * `--help` answers at once. Exit codes: 0 ok, 1 unexpected, 2 wrong setting, 70 the node stopped itself, 78 refused as unsafe.
 */
import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { options } from "../config/options.ts";
import type { OptionSpec } from "../config/values.ts";

const exitUsage = 2;

await program().parseAsync();

function program(): Command {
  const keyhold = new Command("keyhold")
    .description("Distributed locks with fences, and versioned config, agreed on by Raft.")
    .version(version(), "-V, --version")
    .showSuggestionAfterError()
    .showHelpAfterError("(--help shows what is possible)")
    .configureOutput({ outputError: (text, write) => write(text) });
  keyhold.addCommand(server());
  keyhold.addCommand(dev());
  keyhold.addCommand(config());
  // A flag that does not exist is a wrong setting, as a variable is; commander would end with 1, after which a supervisor starts it again.
  for (const command of withSubcommands(keyhold))
    command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : exitUsage));
  return keyhold;
}

function withSubcommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

function server(): Command {
  return withNodeOptions(new Command("server"))
    .description("run one node of a cluster")
    .action(async (flags: Record<string, unknown>) => {
      const { runServer } = await import("./server.ts");
      await runServer(flags);
    });
}

function dev(): Command {
  return new Command("dev")
    .description("run a whole cluster on this machine, each node in its own process")
    .option("--nodes <count>", "how many nodes (1 to 9)", integer(1, 9), 3)
    .option("--data-dir <dir>", "its folder; every node has one inside, kept for the next run", ".keyhold")
    .option("--base-port <port>", "the API of node 1 listens on the port after it, peers 100 higher", integer(1024, 65000), 7000)
    .addOption(new Option("--log-level <level>", "what the nodes print").choices(options.logLevel.choices).default("info"))
    .action(async (flags: { nodes: number; dataDir: string; basePort: number; logLevel: string }) => {
      const { runDev } = await import("./dev.ts");
      process.exitCode = await runDev(flags);
    });
}

function config(): Command {
  const command = new Command("config").description("look at the settings of a node without starting it");
  for (const [name, description] of [
    ["check", "say whether the settings are right, each and together (exit code 2 or 78 when not)"],
    ["print", "show every setting, its value and where that came from"],
  ] as const) {
    command.addCommand(
      withNodeOptions(new Command(name))
        .description(description)
        .action(async (flags: Record<string, unknown>) => {
          const { checkConfig, printConfig } = await import("./config-command.ts");
          process.exitCode = name === "check" ? checkConfig(flags) : printConfig(flags);
        }),
    );
  }
  return command;
}

/** Adds a flag for every option in the table that may have one. */
function withNodeOptions(command: Command): Command {
  command.option("--config <file>", "YAML or JSON file with option values (KEYHOLD_CONFIG)");
  for (const spec of Object.values<OptionSpec>(options)) {
    if (spec.kind === "secret") continue;
    const usage = spec.kind === "boolean" ? spec.flag : `${spec.flag} <${placeholder(spec)}>`;
    const shown = spec.default === "" || spec.kind === "boolean" ? "" : `, default ${spec.default}`;
    command.option(usage, `${spec.reason} (${spec.env}${shown})`);
  }
  return command;
}

function placeholder(spec: OptionSpec): string {
  if (spec.kind === "integer") return spec.unit;
  return spec.kind === "choice" ? spec.choices.join("|") : "text";
}

function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < min || value > max) {
      throw new InvalidArgumentError(`${text} is not an integer from ${min} to ${max}.`);
    }
    return value;
  };
}

/** The version in the package's own package.json, which is one folder further away once compiled. */
function version(): string {
  for (const path of ["../../package.json", "../../../package.json"]) {
    try {
      const content: unknown = JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
      if (typeof content === "object" && content !== null && "version" in content) return String(content.version);
    } catch {
      // Not at this depth: sources and compiled files differ by one folder.
    }
  }
  return "unknown";
}
