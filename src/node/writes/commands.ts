/**
 * This file stands between bytes and commands: it encodes those of this node, checks those that other nodes send before they
 * come near the log, and opens entries that are about to be applied. Each command is decoded once on each node: what was
 * checked is kept beside its bytes until it is applied (DECISIONS 27).
 */
import type { AppliedEntry } from "../../machine/apply.ts";
import type { Command, CommandBody } from "../../machine/command.ts";
import { MalformedCommand } from "../../machine/fields.ts";
import type { Entry, Message, NodeId } from "../../raft/types.ts";
import { type CommandName, decodeCommand, encodeCommand, encodeNamed } from "./command-codec.ts";
import type { VersionGate } from "./version-gate.ts";

/** Proposals that one message may hold: more than a node forwards in one, which is 1 MiB of the smallest commands. */
export const proposalsPerMessageMax = 32_768;

/** Encodes, checks and decodes the commands that pass this node. */
export class Commands {
  readonly #gate: VersionGate;
  /** Lives as long as the bytes, and no longer than until they are applied. */
  readonly #decoded = new WeakMap<Uint8Array, Command>();
  #skipped = 0;

  constructor(gate: VersionGate) {
    this.#gate = gate;
  }

  /** Committed entries that held no readable command and were skipped. */
  get skipped(): number {
    return this.#skipped;
  }

  /** The bytes of a command that `parseCommand` made. */
  encode(command: Command): Uint8Array {
    const bytes = encodeCommand(command);
    this.#decoded.set(bytes, command);
    return bytes;
  }

  /** The bytes of a command that a client named. `body` was checked by `parseCommand`. */
  encodeNamed(name: CommandName, body: CommandBody): Uint8Array {
    const { command, bytes } = encodeNamed(name, body);
    this.#decoded.set(bytes, command);
    return bytes;
  }

  /** Why `message` must be refused, without any of its values; null when its commands are well-formed. */
  faultIn(message: Message): string | null {
    try {
      if (message.kind === "proposeRequest") this.#checkProposals(message);
      // Committed entries are not refused: every node skips them alike, and a refusal would stop this one from catching up.
      if (message.kind === "appendEntries") {
        for (const entry of message.entries) if (entry.index > message.leaderCommit) this.#checkEntry(entry);
      }
      return null;
    } catch (error) {
      if (!(error instanceof MalformedCommand)) throw error;
      return `${message.kind}: ${error.message}`;
    }
  }

  /** The entry with its command decoded. Throws for an entry from a cluster version that is too new. */
  open(entry: Entry): AppliedEntry {
    this.#gate.checkEntry(entry);
    const { payload, ...header } = entry;
    if (payload.kind !== "command") return { ...header, payload };
    try {
      const command = this.#decode(payload.command);
      this.#decoded.delete(payload.command);
      return { ...header, payload: { kind: "command", command } };
    } catch (error) {
      if (!(error instanceof MalformedCommand)) throw error;
      // These bytes are no command on any node of this cluster version, so all nodes skip them and have the same state.
      this.#skipped += 1;
      return { ...header, payload: { kind: "noop" } };
    }
  }

  #checkProposals({ from, proposals }: Extract<Message, { readonly kind: "proposeRequest" }>): void {
    if (proposals.length > proposalsPerMessageMax) throw new MalformedCommand("proposals", `at most ${proposalsPerMessageMax}`);
    for (const { command } of proposals) this.#checkSpeaker(this.#decode(command), from);
  }

  /** Only a member says on which data folder it runs. */
  #checkSpeaker({ body }: Command, from: NodeId): void {
    if (body.kind === "memberHello" && body.id !== from) throw new MalformedCommand("body.id", "the sender's own id");
  }

  #checkEntry({ payload }: Entry): void {
    if (payload.kind === "command") this.#decode(payload.command);
  }

  #decode(bytes: Uint8Array): Command {
    const known = this.#decoded.get(bytes);
    if (known !== undefined) return known;
    const command = decodeCommand(bytes);
    this.#decoded.set(bytes, command);
    return command;
  }
}
