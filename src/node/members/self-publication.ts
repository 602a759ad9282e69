/**
 * This file publishes a node in its cluster's log: under its id, which data folder it runs on (the instance), which version it supports and
 * how much state it can hold (DECISIONS 17). A node that finds its id published with another instance has replaced a folder that was lost.
 */
import { membersKey } from "../../machine/state/keys.ts";
import type { TableReader } from "../../machine/state/tables.ts";
import { membersOf } from "../../raft/index.ts";
import type { NodeId } from "../../raft/types.ts";

/** What a node publishes of itself. */
export type SelfPublicationOptions = {
  readonly id: NodeId;
  /** Chosen at random when the data folder was made. */
  readonly instanceId: string;
  /** The newest cluster version that it supports. */
  readonly version: number;
  /** Bytes of state that its map can hold. */
  readonly stateBytesMax: number;
};

/** What the publication reads and calls. */
export type SelfPublicationPorts = {
  readonly tables: TableReader;
  /** Settles when the command has an end, whatever that is. Does not reject. */
  readonly publish: (self: SelfPublicationOptions) => Promise<void>;
  /** The id belongs to another instance. Called once; nothing is published afterwards. */
  readonly onForeignInstance: (published: string) => void;
};

/** Publishes when the applied state differs from what this node is; one command at a time. */
export class SelfPublication {
  readonly #self: SelfPublicationOptions;
  readonly #ports: SelfPublicationPorts;
  #underWay = false;
  #ended = false;

  constructor(self: SelfPublicationOptions, ports: SelfPublicationPorts) {
    this.#self = self;
    this.#ports = ports;
  }

  /** Compares what is published with what this node is, and publishes if they differ. To be called every few ticks. */
  check(): void {
    if (this.#ended || this.#underWay) return;
    const { id, instanceId, version, stateBytesMax } = this.#self;
    const { tables } = this.#ports;
    const published = tables.get("nodes", id);
    if (published !== undefined && published.instanceId !== instanceId) {
      this.#ended = true;
      this.#ports.onForeignInstance(published.instanceId);
      return;
    }
    if (published?.version === version && published.stateBytesMax === stateBytesMax) return;
    const membership = tables.get("members", membersKey);
    // Only members publish.
    if (membership === undefined || !membersOf(membership).includes(id)) return;
    this.#underWay = true;
    void this.#ports.publish(this.#self).finally(() => {
      this.#underWay = false;
    });
  }
}
