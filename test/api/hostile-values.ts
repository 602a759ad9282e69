/**
 * This file holds what no decent client sends: texts that are not Unicode, or that have a meaning in some system,
 * numbers at the edge of their range, and shapes that fit nothing.
 */
import { crc32 } from "node:zlib";
import fc from "fast-check";

const texts: readonly string[] = [
  ...[
    "",
    " ",
    "\0",
    "a\0b",
    "\u0001",
    "\u007f",
    "\u0085",
    "\ud800",
    "a\udc00",
    "\ud83d\udd11",
    "\udc00\ud800",
    "\ufeff",
    "\uffff",
  ],
  ...[
    "\u{10ffff}",
    "e\u0301",
    "\u202e",
    "ﬃ",
    "__proto__",
    "constructor",
    "toString",
    "prototype",
    "hasOwnProperty",
    ".",
    "..",
    "a/../b",
    "//",
    "/",
  ],
  ...[
    "%",
    "%00",
    "%2e%2e",
    "%ed%a0%80",
    "%c0%af",
    "%zz",
    "%25",
    "\\",
    "'",
    '"',
    "`",
    "$" + "{x}",
    "{{x}}",
    "<script>",
    "a\r\nX: y",
    "\n",
    "\t",
  ],
  ...[
    "null",
    "undefined",
    "NaN",
    "Infinity",
    "-0",
    "1e309",
    "0x10",
    "true",
    "9007199254740992",
    "-1",
    "1.5",
    "l1",
    "l0",
    "l9999999999999999",
  ],
  ...[
    "k".repeat(480),
    "k".repeat(481),
    "ü".repeat(480),
    "\ud800".repeat(480),
    "x".repeat(5_000),
    "*",
    '"1"',
    'W/"1"',
    '"-1"',
    '"9007199254740993"',
  ],
  ...[
    cursorOf(["locks", "\ud800", null]),
    cursorOf(["config", "a\0", 1]),
    cursorOf(["leases", "l1", 2 ** 53]),
    cursorOf("x"),
    cursorOf(["config", "k", 99_999]),
  ],
];
/** JSON as it is written: some of it no serialiser would write. */
const numbers: readonly string[] = [
  "0",
  "-0",
  "-1",
  "1",
  "1.5",
  "1e309",
  "-1e309",
  "1e-400",
  "9007199254740991",
  "9007199254740992",
  "1e21",
  "500",
  "86400001",
];
const shapes: readonly string[] = [
  ...[
    "null",
    "true",
    "{}",
    "[]",
    '""',
    "[[]]",
    '{"length":1}',
    '{"toString":1}',
    '{"__proto__":{"a":1}}',
    '{"constructor":{"prototype":1}}',
    '{"then":1}',
  ],
  ...[
    nested(90),
    nested(101),
    nested(20_000),
    `{${'"a":{'.repeat(50)}${"}".repeat(51)}`,
    '{"a":1,"a":2}',
    `[${"1,".repeat(2_000)}1]`,
    '{"toJSON":"x"}',
  ],
];

/** A text, often a bad one. */
export const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...texts) },
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)), maxLength: 8 }),
);
/** A value as JSON text. */
export const jsonText = fc.oneof(
  text.map((value) => JSON.stringify(value)),
  fc.constantFrom(...numbers),
  fc.constantFrom(...shapes),
  fc.json({ maxDepth: 3 }),
);

function nested(depth: number): string {
  return "[".repeat(depth) + "]".repeat(depth);
}

/** A cursor whose checksum is right. */
function cursorOf(content: unknown): string {
  const bytes = Buffer.from(JSON.stringify(content));
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(bytes));
  return Buffer.concat([checksum, bytes]).toString("base64url");
}
