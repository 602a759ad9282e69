/**
 * This file reads records whose keys come from people, such as node ids: every plain object seems to have a `constructor`.
 */

/** The value under `key`; undefined when the record itself has none, whatever its prototype has. */
export function own<Value>(record: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
