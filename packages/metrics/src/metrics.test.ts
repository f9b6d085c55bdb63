import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { MetricRegistry } from "./metric-registry.ts";
import { collectProcessMetrics } from "./process-metrics.ts";
import { chooseExpositionFormat, renderMetrics } from "./render-metrics.ts";

/** The lines about one metric. */
function linesOf(registry: MetricRegistry, name: string, format?: "openmetrics"): string {
  const families = registry.collect().filter((family) => family.name === name);
  return renderMetrics(families, format);
}

describe("MetricRegistry", () => {
  it("exposes counters with help, type and escaped labels", () => {
    const registry = new MetricRegistry();
    const counter = registry.counter({
      name: "seen_total",
      help: "Seen\nso \\far.",
      labels: ["who", "why"],
    });
    counter.add({ who: "a", why: 'it said "no"\n\\' });
    counter.add({ who: "a", why: 'it said "no"\n\\' }, 2.5);
    counter.add({ who: "b", why: "" }, -1);
    equal(
      linesOf(registry, "seen_total"),
      [
        "# HELP seen_total Seen\\nso \\\\far.",
        "# TYPE seen_total counter",
        'seen_total{who="a",why="it said \\"no\\"\\n\\\\"} 3.5',
        "",
      ].join("\n"),
    );
  });

  it("exposes gauges as they rise and fall", () => {
    const registry = new MetricRegistry();
    const gauge = registry.gauge({ name: "waiting", help: "Waiting." });
    gauge.add({}, 3);
    gauge.add({}, -4);
    match(linesOf(registry, "waiting"), /\nwaiting -1\n$/);
    gauge.set({}, Infinity);
    match(linesOf(registry, "waiting"), /\nwaiting \+Inf\n$/);
    gauge.set({}, NaN);
    match(linesOf(registry, "waiting"), /\nwaiting NaN\n$/);
  });

  it("exposes a histogram's buckets cumulatively, bounds included", () => {
    const registry = new MetricRegistry();
    const buckets = [0.5, 1];
    const histogram = registry.histogram({ name: "took", help: "Took.", labels: ["a"], buckets });
    for (const value of [0.5, 0.75, 8]) histogram.observe({ a: "x" }, value);
    equal(
      linesOf(registry, "took"),
      [
        "# HELP took Took.",
        "# TYPE took histogram",
        'took_bucket{a="x",le="0.5"} 1',
        'took_bucket{a="x",le="1"} 2',
        'took_bucket{a="x",le="+Inf"} 3',
        'took_sum{a="x"} 9.25',
        'took_count{a="x"} 3',
        "",
      ].join("\n"),
    );
    match(linesOf(registry, "took", "openmetrics"), /le="1\.0"\} 2\n/);
  });

  it("forgets the series of what has departed, in all metrics that tell of it", () => {
    const registry = new MetricRegistry();
    const ready = registry.gauge({ name: "ready", help: "Ready.", labels: ["cluster"] });
    const sent = registry.counter({
      name: "sent_total",
      help: "Sent.",
      labels: ["verb", "cluster"],
    });
    const other = registry.gauge({ name: "other", help: "Other.", labels: ["verb"] });
    for (const cluster of ["a", "b"]) {
      ready.set({ cluster }, 1);
      sent.add({ verb: "get", cluster });
    }
    other.set({ verb: "get" }, 1);
    registry.removeSeries({ cluster: "a" });
    const series = registry
      .collect()
      .flatMap(({ name, samples }) =>
        samples.map(({ labels }) => `${name} ${labels.map(([, value]) => value).join(" ")}`),
      );
    deepEqual(series, ["other get", "ready b", "sent_total get b"]);
  });

  it("keeps no more series than allowed, and counts what it drops", () => {
    const registry = new MetricRegistry();
    const options = { name: "x_total", help: "X.", labels: ["id"], maxSeries: 2 } as const;
    const counter = registry.counter(options);
    for (const id of ["1", "2", "3", "3", "1"]) counter.add({ id });
    deepEqual([counter.get({ id: "1" }), counter.get({ id: "3" })], [2, 0]);
    match(linesOf(registry, "metrics_dropped_samples_total"), /\{metric="x_total"\} 2\n/);
  });

  it("refuses names that are taken or that no scraper reads", () => {
    const registry = new MetricRegistry();
    const make = (name: string) => registry.gauge({ name, help: "" });
    make("one");
    throws(() => make("one"), RangeError);
    throws(() => make("no-dash"), RangeError);
    throws(() => registry.counter({ name: "counted", help: "" }), RangeError);
    throws(() => registry.gauge({ name: "g", help: "", labels: ["le"] }), RangeError);
    throws(() => registry.histogram({ name: "h", help: "", buckets: [2, 1] }), RangeError);
  });

  it("asks collectors at each exposition, until they are let go", () => {
    const registry = new MetricRegistry();
    const counter = registry.counter({ name: "asked_total", help: "Asked." });
    const stop = new AbortController();
    registry.onCollect(() => counter.add({}), stop.signal);
    registry.collect();
    registry.collect();
    stop.abort();
    registry.collect();
    equal(counter.get({}), 2);
  });
});

describe("renderMetrics()", () => {
  it("ends OpenMetrics with its mark, and names counters without their suffix", () => {
    const registry = new MetricRegistry();
    registry.counter({ name: "n_total", help: "N." }).add({});
    equal(
      linesOf(registry, "n_total", "openmetrics"),
      "# HELP n N.\n# TYPE n counter\nn_total 1\n# EOF\n",
    );
  });
});

describe("chooseExpositionFormat()", () => {
  it("gives OpenMetrics only to those who prefer it", () => {
    equal(chooseExpositionFormat(undefined), "prometheus");
    equal(chooseExpositionFormat("*/*"), "prometheus");
    equal(chooseExpositionFormat("text/plain;version=0.0.4"), "prometheus");
    const prometheus =
      "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
    equal(chooseExpositionFormat(prometheus), "openmetrics");
    equal(chooseExpositionFormat("application/openmetrics-text;q=0.1,text/plain"), "prometheus");
    equal(chooseExpositionFormat("application/openmetrics-text;q=0"), "prometheus");
  });
});

describe("collectProcessMetrics()", () => {
  it("tells of this process", () => {
    const registry = new MetricRegistry();
    const stop = new AbortController();
    collectProcessMetrics(registry, stop.signal);
    const values = new Map(
      registry.collect().map(({ name, samples }) => [name, samples[0]?.value ?? 0]),
    );
    stop.abort();
    ok((values.get("process_cpu_seconds_total") ?? 0) > 0);
    ok((values.get("process_resident_memory_bytes") ?? 0) > 1e6);
    ok(Math.abs((values.get("process_start_time_seconds") ?? 0) - Date.now() / 1000) < 3600);
  });
});
