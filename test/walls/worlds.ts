/**
 * This file lists how the world may get into files of each kind: which globals they may use, which members nobody may ask for, which
 * syntax. A global that is not listed is refused.
 */

/**
 * `pure` files are deterministic and synchronous: time and randomness are inputs. `played` files run in virtual time: clocks, timers and
 * randomness are ports. `free` files may use whatever Node has.
 */
export type World = "pure" | "played" | "free";

/** What a file of one kind may use. */
export type Allowed = {
  /** `Math.max` allows this member and nothing else of `Math`, `new Date(...)` a `Date` made of something, `Map` whatever `Map` has. */
  readonly globals: readonly string[];
  /** Syntax that is refused, with what is wrong with it. */
  readonly refusedSyntax: readonly string[];
};

/** Equal on every machine and on every call; `Math.random` is not, so `Math` is listed by its members. */
const deterministic = [
  ...["Array", "ArrayBuffer", "Error", "JSON", "Map", "Number", "Object", "Set", "String", "Uint8Array"],
  ...["Math.ceil", "Math.floor", "Math.max", "Math.min"],
];

/** By world; a `free` file may use everything. */
export const worlds: { readonly [W in Exclude<World, "free">]: Allowed } = {
  pure: { globals: [...deterministic, "Math.imul"], refusedSyntax: ["import.meta", "a dynamic import", "async"] },
  played: {
    globals: [
      ...deterministic,
      ...[
        "BigInt",
        "Buffer",
        "DataView",
        "Math.abs",
        "Math.round",
        "Math.trunc",
        "RangeError",
        "Symbol",
        "TypeError",
        "URIError",
      ],
      ...["URL", "URLSearchParams", "WeakMap", "WeakSet", "atob", "decodeURIComponent", "encodeURIComponent"],
      // They settle when the code says so; `AbortSignal` has a timer of its own.
      ...["AbortController", "Promise"],
      // Without arguments it is the present.
      "new Date(...)",
    ],
    refusedSyntax: ["import.meta", "a dynamic import"],
  },
};

/** Members that differ from machine to machine, or by which code or modules come in past the list: refused in pure and played files. */
export const refusedMembers = /^(localeCompare|toLocale[A-Z]\w*|fromAsync|stack|constructor|getBuiltinModule)$/;
/** The only way past the list of imports that is open in free files. */
export const refusedEverywhere = "getBuiltinModule";
