/**
 * This file is the one list of who may import whom: each room, the rooms (or single files) and the packages that it may import, and how
 * it may reach the world. What is not listed is refused (`walls.test.ts`). A room is a folder without the folders in it; it may import
 * itself.
 */

/**
 * `pure` rooms are deterministic and synchronous: time and randomness are inputs. `played` rooms run in virtual time: clocks, timers and
 * randomness are ports. The others may use whatever Node has.
 */
export type World = "pure" | "played" | "free";

/** One room and what it may use. */
export type Room = {
  readonly room: string;
  readonly world: World;
  /** Rooms, or single files of rooms that are otherwise closed. */
  readonly imports: readonly string[];
  /** Packages by name; of Node's own, each by name. */
  readonly packages: readonly string[];
  /** Files that may do what the room may not: where its ports are given the real world. */
  readonly ports?: readonly string[];
  /** Packages that reach the world themselves: only the ports may import them. */
  readonly portPackages?: readonly string[];
};

/** The entry of the algorithm, and the types that cross its border. */
const raft = ["src/raft/index.ts", "src/raft/types.ts"];
const machine = "src/machine";
const machineState = [machine, "src/base", "src/raft/types.ts"];
const aboveState = [...machineState, "src/machine/state"];
const node = "src/node";
const service = "src/node/service.ts";

/** All rooms. */
export const rooms: readonly Room[] = [
  { room: "src/base", world: "pure", imports: [], packages: [] },
  { room: "src/raft", world: "pure", imports: ["src/base"], packages: [] },

  {
    room: machine,
    world: "pure",
    imports: ["src/base", "src/raft/types.ts", "src/machine/commands", "src/machine/config", "src/machine/state"],
    packages: [],
  },
  { room: "src/machine/state", world: "pure", imports: machineState, packages: [] },
  { room: "src/machine/config", world: "pure", imports: ["src/base", machine, "src/machine/state"], packages: [] },
  { room: "src/machine/leases", world: "pure", imports: aboveState, packages: [] },
  { room: "src/machine/locks", world: "pure", imports: [...aboveState, "src/machine/leases"], packages: [] },
  {
    room: "src/machine/commands",
    world: "pure",
    imports: [...aboveState, "src/machine/config", "src/machine/leases", "src/machine/locks"],
    packages: [],
  },
  {
    room: "src/machine/reads",
    world: "pure",
    imports: [...aboveState, "src/machine/config", "src/machine/leases", "src/machine/locks"],
    packages: [],
  },

  {
    room: "src/storage",
    world: "free",
    imports: ["src/base", "src/raft/types.ts", "src/machine/state", "src/machine/limits.ts"],
    packages: [
      ...["lmdb", "msgpackr"],
      ...["node:crypto", "node:fs", "node:net", "node:os", "node:path", "node:util", "node:zlib"],
    ],
  },
  { room: "src/intake", world: "free", imports: [], packages: ["node:http", "node:net"] },
  {
    room: "src/transport",
    world: "free",
    imports: ["src/base", "src/raft/ceilings.ts", "src/raft/types.ts", "src/intake"],
    packages: ["node:buffer", "node:crypto", "node:http", "node:net", "node:zlib"],
  },

  {
    room: node,
    world: "played",
    imports: [
      ...["src/base", ...raft, machine, "src/machine/config", "src/machine/reads", "src/machine/state"],
      "src/node/members",
      "src/node/snapshots",
      "src/node/waits",
      "src/node/watches",
      "src/node/writes",
    ],
    packages: [],
    ports: ["src/node/real-time.ts"],
  },
  {
    room: "src/node/writes",
    world: "played",
    imports: ["src/base", ...raft, machine, "src/machine/reads", "src/machine/state", node],
    packages: ["msgpackr", "node:buffer", "node:crypto"],
  },
  {
    room: "src/node/waits",
    world: "played",
    imports: ["src/base", "src/raft/types.ts", machine, "src/machine/state", node],
    packages: [],
  },
  {
    room: "src/node/snapshots",
    world: "played",
    imports: ["src/base", ...raft, node],
    packages: [],
  },
  {
    room: "src/node/watches",
    world: "played",
    imports: ["src/base", machine, "src/machine/config", "src/machine/leases", "src/machine/reads", "src/machine/state", node],
    packages: [],
  },
  {
    room: "src/node/members",
    world: "played",
    imports: ["src/base", ...raft, "src/machine/state", "src/node/writes"],
    packages: [],
  },

  {
    room: "src/config",
    world: "free",
    imports: [
      "src/base",
      "src/machine/limits.ts",
      "src/raft/ceilings.ts",
      "src/raft/options.ts",
      "src/raft/types.ts",
      "src/storage/budget.ts",
    ],
    packages: ["node:net", "yaml"],
  },
  {
    room: "src/bootstrap",
    world: "free",
    imports: ["src/base", "src/config", "src/raft/types.ts", "src/storage", "src/transport"],
    packages: ["node:crypto", "node:timers/promises"],
  },
  {
    room: "src/composition",
    world: "free",
    imports: [
      ...["api", "api/contract/contract.ts", "openapi/generated", "src/base", "src/bootstrap", "src/config", "src/intake", node],
      ...["src/node/members/lost-for-good.ts", "src/node/snapshots/snapshot-transfer.ts", "src/storage", "src/transport"],
      // Bounds of rooms that are otherwise closed, to be held against each other.
      ...["api/watch/watch-requests.ts", "src/machine/limits.ts", "src/machine/reads/page.ts", "src/machine/reads/views.ts"],
      ...["src/node/writes/commands.ts", "src/raft/ceilings.ts"],
    ],
    packages: ["node:crypto", "node:timers/promises"],
  },
  {
    room: "src/cli",
    world: "free",
    imports: ["src/base", "src/config", "src/composition/start-node.ts", "src/bootstrap/folder-summary.ts"],
    packages: [
      ...["commander", "pino", "node:child_process", "node:crypto", "node:events", "node:fs", "node:net"],
      ...["node:path", "node:readline", "node:timers/promises", "node:url", "node:util"],
    ],
  },

  {
    room: "api",
    world: "played",
    imports: [service, "src/base", "src/intake", "api/contract", "api/rest", "api/watch"],
    packages: ["express", "prom-client", "node:http", "node:https", "node:net", "node:stream"],
  },
  {
    room: "api/contract",
    world: "free",
    imports: [service, "src/base", "openapi/generated"],
    packages: ["ajv", "ajv-formats", "node:buffer", "node:http", "node:zlib"],
  },
  {
    room: "api/rest",
    world: "played",
    imports: [service, "src/base", "src/intake", "api", "api/contract"],
    packages: ["express", "helmet", "node:buffer", "node:http", "node:stream"],
  },
  {
    room: "api/watch",
    world: "played",
    imports: [service, "src/base", "api", "api/contract"],
    packages: ["socket.io", "node:http", "node:stream"],
  },
  { room: "openapi/generated", world: "free", imports: [], packages: [] },
  {
    room: "openapi/client",
    world: "played",
    imports: ["openapi/generated"],
    packages: ["openapi-fetch"],
    ports: ["openapi/client/environment.ts", "openapi/client/watch-socket.ts"],
    portPackages: ["socket.io-client"],
  },
];
