/**
 * This file is the one list of who may import whom: each room, the rooms (or single files) and the packages that it may import, and how
 * it may reach the world. What is not listed is refused (`walls.test.ts`). A room is a folder without the folders in it; it may import
 * itself.
 */

import type { World } from "./worlds.ts";

/** One room and what it may use. */
export type Room = {
  readonly room: string;
  readonly world: World;
  /** Rooms, or single files of rooms that are otherwise closed. */
  readonly imports: readonly string[];
  /** Packages by name. Of Node's own modules a free room names the module, every other one each import of it: `crc32 of node:zlib`. */
  readonly packages: readonly string[];
  /** Files where ports are given the real world, and what they may use besides: packages, imports, globals. */
  readonly ports?: { readonly [path: string]: readonly string[] };
  /** Files of a free room that the simulator plays all the same, and what they may import of Node's own modules. */
  readonly played?: { readonly [path: string]: readonly string[] };
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
    packages: [...["lmdb", "msgpackr"], ...["node:crypto", "node:fs", "node:net", "node:path"]],
    played: {
      "src/storage/budget.ts": [],
      "src/storage/errors.ts": [],
      "src/storage/folder-runs.ts": [],
      "src/storage/records.ts": ["crc32 of node:zlib"],
      "src/storage/write-batch.ts": [],
      // Of these three, the simulator plays what compares pages; what reads and writes files comes with it.
      "src/storage/witness.ts": [
        ...["closeSync", "fsyncSync", "ftruncateSync", "openSync", "readSync", "writeSync"].map((name) => `${name} of node:fs`),
        ...["join of node:path", "crc32 of node:zlib"],
      ],
      "src/storage/data-file.ts": [
        ...["closeSync", "fstatSync", "openSync", "readSync"].map((name) => `${name} of node:fs`),
        "endianness of node:os",
      ],
      "src/storage/reserve.ts": [
        ...["closeSync", "fstatSync", "openSync", "rmSync", "statSync", "write", "writeSync"].map((name) => `${name} of node:fs`),
        ...["dirname of node:path", "join of node:path", "promisify of node:util"],
      ],
    },
  },
  {
    room: "src/intake",
    world: "free",
    imports: [],
    packages: ["node:http", "node:net"],
    played: { "src/intake/repeats.ts": [] },
  },
  {
    room: "src/transport",
    world: "free",
    imports: ["src/base", "src/raft/ceilings.ts", "src/raft/types.ts", "src/intake"],
    packages: ["node:buffer", "node:crypto", "node:http", "node:net"],
    played: {
      "src/transport/byte-cursor.ts": ["Buffer of node:buffer", "isUtf8 of node:buffer"],
      "src/transport/frame.ts": ["Buffer of node:buffer", "crc32 of node:zlib"],
      "src/transport/start-exchange.ts": [],
      "src/transport/wire-entry.ts": [],
      "src/transport/wire.ts": ["types of node:buffer"],
    },
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
    ports: {
      "src/node/real-time.ts": [
        ...["Date.now", "clearInterval", "clearTimeout", "performance.now", "setImmediate", "setInterval", "setTimeout"],
      ],
    },
  },
  {
    room: "src/node/writes",
    world: "played",
    imports: ["src/base", ...raft, machine, "src/machine/reads", "src/machine/state", node],
    packages: ["msgpackr", "isUtf8 of node:buffer", "createHash of node:crypto"],
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
    played: { "src/config/options.ts": [] },
  },
  {
    room: "src/bootstrap",
    world: "free",
    imports: ["src/base", "src/config", "src/raft/types.ts", "src/storage", "src/transport"],
    packages: ["node:crypto", "node:timers/promises"],
    played: {
      "src/bootstrap/formation.ts": ["createHash of node:crypto"],
      "src/bootstrap/start-keeper.ts": [],
      "src/bootstrap/starts.ts": [],
      "src/bootstrap/uncounted-runs.ts": [],
    },
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
    packages: ["express", "prom-client", "types of node:http", "types of node:net", "types of node:stream"],
    ports: {
      "api/native-classes.ts": ["IncomingMessage of node:http", "ServerResponse of node:http"],
      "api/node-call.ts": ["request of node:http", "request of node:https"],
      "api/server.ts": ["createServer of node:http"],
    },
  },
  {
    room: "api/contract",
    world: "played",
    imports: [service, "src/base", "openapi/generated"],
    packages: ["ajv", "ajv-formats", "isUtf8 of node:buffer", "types of node:http", "crc32 of node:zlib"],
  },
  {
    room: "api/rest",
    world: "played",
    imports: [service, "src/base", "src/intake", "api", "api/contract"],
    packages: [
      ...["express", "helmet"],
      ...["isUtf8 of node:buffer", "types of node:http", "STATUS_CODES of node:http", "types of node:stream"],
    ],
  },
  {
    room: "api/watch",
    world: "played",
    imports: [service, "src/base", "api", "api/contract"],
    packages: ["socket.io", "types of node:http", "types of node:stream"],
    // A server that listens to nothing: requests are handed to it.
    ports: { "api/watch/watch-gateway.ts": ["createServer of node:http"] },
  },
  { room: "openapi/generated", world: "pure", imports: [], packages: [] },
  {
    room: "openapi/client",
    world: "played",
    imports: ["openapi/generated"],
    packages: ["openapi-fetch"],
    ports: {
      "openapi/client/environment.ts": [
        ...["Date.now", "Math.random", "clearTimeout", "crypto.getRandomValues", "crypto.randomUUID"],
        ...["globalThis.fetch", "performance.now", "setTimeout"],
      ],
      "openapi/client/watch-socket.ts": ["socket.io-client"],
    },
  },
];
