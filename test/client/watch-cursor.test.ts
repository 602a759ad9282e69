/**
 * This file tests how far a watch remembers to have come: nothing twice, nothing lost, and where to go on.
 */
import { describe, expect, test } from "vitest";
import { WatchCursor } from "../../openapi/client/watch-cursor.ts";
import { entryAt, putAt } from "./fake-watch-node.ts";

const watchId = "w";
const events = (...revisions: number[]) => ({ watchId, seq: 1, batches: revisions.map((revision) => putAt(revision)) });
const told = (items: readonly { readonly kind: string; readonly revision: number }[]) =>
  items.map(({ kind, revision }) => `${kind} ${revision}`);

describe("where to go on", () => {
  test("before anything was told, from where the caller said", () => {
    expect(new WatchCursor("now").reopen()).toBe("now");
    expect(new WatchCursor("snapshot").reopen()).toBe("snapshot");
    expect(new WatchCursor({ revision: 7 }).reopen()).toEqual({ revision: 7 });
  });

  test("after events, at the revision after the last", () => {
    const cursor = new WatchCursor({ revision: 7 });
    cursor.takeEvents(events(8, 12));
    expect(cursor.reopen()).toEqual({ revision: 13 });
  });

  test("a watch from now that was accepted loses nothing between the acceptance and the first event", () => {
    const cursor = new WatchCursor("now");
    cursor.takeOpened(41);
    expect(cursor.reopen()).toEqual({ revision: 41 });
  });

  test("after progress, at the revision after it", () => {
    const cursor = new WatchCursor({ revision: 7 });
    cursor.takeProgress({ revision: 30 });
    expect(cursor.reopen()).toEqual({ revision: 31 });
  });

  test("a snapshot that was cut off is asked for again from its start", () => {
    const cursor = new WatchCursor("snapshot");
    cursor.takeOpened(41);
    cursor.takeSnapshot({ watchId, seq: 1, revision: 40, config: [entryAt(3)], locks: [], leases: [] });
    expect(cursor.reopen()).toBe("snapshot");
    const items = cursor.takeSynced({ watchId, revision: 50 });
    expect(items).toEqual([
      { kind: "snapshot", revision: 50, config: [], locks: [], leases: [] },
      { kind: "synced", revision: 50 },
    ]);
  });

  test("after a restart, with a snapshot", () => {
    const cursor = new WatchCursor({ revision: 7 });
    cursor.takeSynced({ watchId, revision: 9 });
    cursor.restart();
    expect(cursor.reopen()).toBe("snapshot");
    expect(told(cursor.takeSynced({ watchId, revision: 3 }))).toEqual(["snapshot 3", "synced 3"]);
  });
});

describe("what is told", () => {
  test("the parts of a snapshot are one item, followed by synced", () => {
    const cursor = new WatchCursor("snapshot");
    cursor.takeSnapshot({ watchId, seq: 1, revision: 40, config: [entryAt(3, "a")], locks: [], leases: [] });
    cursor.takeSnapshot({ watchId, seq: 2, revision: 40, config: [entryAt(4, "b")], locks: [], leases: [] });
    const items = cursor.takeSynced({ watchId, revision: 40 });
    expect(told(items)).toEqual(["snapshot 40", "synced 40"]);
    expect(items[0]).toMatchObject({ config: [{ key: "a" }, { key: "b" }] });
    expect(cursor.reopen()).toEqual({ revision: 41 });
  });

  test("a revision that was told is not told again after a reconnect", () => {
    const cursor = new WatchCursor({ revision: 7 });
    expect(told(cursor.takeEvents(events(8, 9)))).toEqual(["events 8", "events 9"]);
    expect(told(cursor.takeEvents(events(8, 9, 10)))).toEqual(["events 10"]);
  });

  test("synced is told once, also when every reconnect says it", () => {
    const cursor = new WatchCursor({ revision: 7 });
    expect(told(cursor.takeSynced({ watchId, revision: 9 }))).toEqual(["synced 9"]);
    expect(told(cursor.takeSynced({ watchId, revision: 9 }))).toEqual([]);
    expect(told(cursor.takeSynced({ watchId, revision: 12 }))).toEqual(["progress 12"]);
  });

  test("progress never goes back", () => {
    const cursor = new WatchCursor({ revision: 7 });
    cursor.takeEvents(events(20));
    expect(told(cursor.takeProgress({ revision: 19 }))).toEqual([]);
    expect(told(cursor.takeProgress({ revision: 21 }))).toEqual(["progress 21"]);
  });

  test("bytes in events are bytes", () => {
    const cursor = new WatchCursor("now");
    const put = { kind: "configPut", ...entryAt(8), value: "AP8=", encoding: "base64", contentType: "image/png" } as const;
    const items = cursor.takeEvents({ watchId, seq: 1, batches: [{ revision: 8, wallTimeMs: 1, events: [put] }] });
    expect(items[0]).toMatchObject({ events: [{ kind: "configPut", value: new Uint8Array([0, 255]) }] });
  });
});
