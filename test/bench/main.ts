/**
 * This file is the load generator's command line. Every number of test/NUMBERS.md or of a note comes from one of these
 * commands.
 */
import { Command, InvalidArgumentError, Option } from "commander";
import { runFailover } from "./failover.ts";
import { runFirstWrite } from "./first-write.ts";
import { runLeaseEnds } from "./lease-ends.ts";
import { runLoad } from "./load.ts";
import { runSnapshotBench } from "./snapshot-bench.ts";
import { runWatchChurn } from "./watch-churn.ts";
import { runWatchers } from "./watchers.ts";
import { workNames } from "./work.ts";

const count = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError("Not a whole number above 0.");
  return value;
};

const bench = new Command("bench").description("Measures Keyhold on this machine: three nodes and the load beside each other.");

bench
  .command("load")
  .description("closed loop: every client sends its next request when the last was answered")
  .addOption(new Option("--work <name...>", "what to send").choices([...workNames]).default([...workNames]))
  .option("--clients <count>", "requests under way at a time", count, 64)
  .option("--seconds <count>", "how long each work is measured", count, 5)
  .option("--warmup <count>", "seconds before that", count, 2)
  .option("--bytes <count>", "size of a value", count, 256)
  .option("--nodes <count>", "size of the cluster that is started", count, 3)
  .option("--data-dir <dir>", "where its data goes, and stays (default: a temporary folder, removed)")
  .option("--target <url...>", "load these nodes instead of starting a cluster")
  .option("--to <which>", "all: clients spread over the nodes; leader: all to the leader", "all")
  .option("--json", "print one JSON object")
  .action(runLoad);

bench
  .command("failover")
  .description("the leader goes, under writes: how long none is acknowledged")
  .addOption(new Option("--how <way>", "kill -9, or an orderly stop").choices(["kill", "stop"]).default("kill"))
  .option("--times <count>", "how often", count, 10)
  .option("--clients <count>", "writers", count, 8)
  .option("--json", "print one JSON object")
  .action(runFailover);

bench
  .command("first-write")
  .description("from `make run` in a fresh clone to the first served write")
  .option("--json", "print one JSON object")
  .action(runFirstWrite);

bench
  .command("snapshot")
  .description("how long a large state takes to another node, and what memory that costs both")
  .option("--mib <count>", "size of the values in the store", count, 1024)
  .option("--value-bytes <count>", "size of each", count, 64 * 1024)
  .option("--chunk-bytes <count>", "target size of a chunk", count, 1024 * 1024)
  .option("--json", "print one JSON object")
  .action(runSnapshotBench);

bench
  .command("watchers")
  .description("many watches come back at once, and some read nothing: memory of the nodes, and whether the term moves")
  .option("--sockets <count>", "watches of everything", count, 1000)
  .option("--silent <count>", "as many more that never read", (text) => Number(text), 0)
  .option("--mib <count>", "size of the values in the store", count, 100)
  .option("--value-bytes <count>", "size of each", count, 64 * 1024)
  .option("--seconds <count>", "how long they may take", count, 900)
  .addOption(new Option("--to <which>", "the node they come to").choices(["leader", "follower"]).default("leader"))
  .addOption(
    new Option("--from <where>", "the present, or every revision since the first")
      .choices(["snapshot", "history"])
      .default("snapshot"),
  )
  .option("--json", "print one JSON object")
  .action(runWatchers);

bench
  .command("watch-churn")
  .description("watches are opened and closed again and again: whether memory comes back and nothing stays open")
  .option("--opens <count>", "watches in each of two laps", count, 10_000)
  .option("--at-a-time <count>", "sockets at a time", count, 100)
  .option("--mib <count>", "size of the values in the store", count, 1)
  .option("--value-bytes <count>", "size of each", count, 16 * 1024)
  .option("--json", "print one JSON object")
  .action(runWatchChurn);

bench
  .command("lease-ends")
  .description(
    "leases with a lock each end at the same moment: how long event loops stand still, and whether a holder keeps its lock",
  )
  .option("--leases <count>", "how many", count, 50_000)
  .option("--ttl <seconds>", "long enough to renew all of them in a third of it", count, 30)
  .option("--json", "print one JSON object")
  .action(runLeaseEnds);

await bench.parseAsync();
