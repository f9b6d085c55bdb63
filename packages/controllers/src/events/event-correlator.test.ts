import { equal, match, notEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { EventCorrelator } from "./event-correlator.ts";
import type { RecordedEvent } from "./event-recorder.ts";

const minuteMs = 60_000;

function about(name: string) {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "bank", uid: name } };
}

function event(message: string, reason = "Seen"): RecordedEvent {
  return { type: "Normal", reason, message, component: "test" };
}

describe("EventCorrelator", () => {
  it("takes the same words about the same object for the same event", () => {
    const correlator = new EventCorrelator();
    const key = (name: string, text: string) =>
      correlator.correlate(about(name), event(text), 0)?.key;
    equal(key("a", "x"), key("a", "x"));
    notEqual(key("a", "x"), key("a", "y"));
    notEqual(key("a", "x"), key("b", "x"));
  });

  it("lets 25 in a row through for each object, then one in five minutes", () => {
    const correlator = new EventCorrelator();
    const admitted = (atMs: number, tries: number): number =>
      Array.from({ length: tries }, () =>
        correlator.correlate(about("a"), event("x"), atMs),
      ).filter((each) => each !== undefined).length;
    equal(admitted(0, 40), 25);
    equal(admitted(4 * minuteMs, 1), 0);
    equal(admitted(5 * minuteMs, 2), 1);
    notEqual(correlator.correlate(about("b"), event("x"), 0), undefined);
  });

  it("lets through what is new about an object that has had its share", () => {
    const correlator = new EventCorrelator();
    for (let index = 0; index < 40; index++) correlator.correlate(about("a"), event("x"), 0);
    notEqual(correlator.correlate(about("a"), event("y", "New"), 0), undefined);
    equal(correlator.correlate(about("a"), event("y", "New"), 0), undefined);
  });

  it("combines what differs in its words alone once there are ten of it", () => {
    const correlator = new EventCorrelator();
    const tell = (index: number) => correlator.correlate(about("a"), event(`m${index}`), 0);
    for (let index = 0; index < 10; index++) equal(tell(index)?.message, `m${index}`);
    const eleventh = tell(10);
    match(eleventh?.message ?? "", /^\(combined from similar events\): m10$/);
    equal(tell(11)?.key, eleventh?.key);
    equal(tell(3)?.message, "m3");
    equal(correlator.correlate(about("a"), event("other", "Else"), 0)?.message, "other");
  });

  it("cuts what is longer than Kubernetes keeps", () => {
    const told = new EventCorrelator().correlate(about("a"), event("x".repeat(5000)), 0);
    equal(told?.message.length, 1024);
  });
});
