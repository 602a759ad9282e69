/**
 * This file makes a node known to its cluster: under its id, the log holds which data folder it runs on (the instance) and
 * which version it supports and how much it can hold. Who finds its id published under another instance has lost what it once promised.
 */
import { membersKey } from "../../machine/state/keys.ts";
import type { TableReader } from "../../machine/state/tables.ts";
import { membersOf } from "../../raft/index.ts";
import type { NodeId } from "../../raft/types.ts";

export type SelfPublicationOptions = {
  readonly id: NodeId;
  /** Chosen at random when the data folder was made. */
  readonly instanceId: string;
  /** The newest cluster version that it supports. */
  readonly version: number;
  /** Bytes of state that its map can hold. */
  readonly stateBytesMax: number;
};

export type SelfPublicationPorts = {
  readonly tables: TableReader;
  /** Settles when the command has an end, whatever that is. Does not reject. */
  readonly publish: (self: SelfPublicationOptions) => Promise<void>;
  /** The id belongs to another instance. Told once; nothing is published any more. */
  readonly onForeignInstance: (published: string) => void;
};

export class SelfPublication {
  readonly #self: SelfPublicationOptions;
  readonly #ports: SelfPublicationPorts;
  #underWay = false;
  #ended = false;

  constructor(self: SelfPublicationOptions, ports: SelfPublicationPorts) {
    this.#self = self;
    this.#ports = ports;
  }

  /** Compares what is published with what is so, and publishes. To be called now and then. */
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
    // Who is not (or no longer, or not yet) a member has nothing to say.
    if (membership === undefined || !membersOf(membership).includes(id)) return;
    this.#underWay = true;
    void this.#ports.publish(this.#self).finally(() => {
      this.#underWay = false;
    });
  }
}
