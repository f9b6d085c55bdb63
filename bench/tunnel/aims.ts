import { medianOf, ratioTo, type Sample, stockSubjects } from "./report.ts";

interface Aim {
  readonly text: string;
  /** What was measured, and whether that is enough; `undefined`: it was not measured. */
  readonly judge: (
    samples: readonly Sample[],
  ) => readonly [found: string, isMet: boolean] | undefined;
}

const mostWatchKib = 20;

const aims: readonly Aim[] = [
  {
    text: "more gets at 64 connections than the stock pair's better mode",
    judge: (samples) =>
      judgeRatio(samples, { workload: "get, 64", others: stockSubjects, least: 1 }),
  },
  {
    text: "towards 60 % of direct",
    judge: (samples) =>
      judgeRatio(samples, { workload: "get, 64", others: ["direct"], least: 0.6 }),
  },
  {
    text: "one stream down at twice the stock pair's better mode",
    judge: (samples) =>
      judgeRatio(samples, { workload: "down, 1", others: stockSubjects, least: 2 }),
  },
  {
    text: "1,000 new connections a second on a session",
    judge: (samples) => {
      const own = ofOurs(samples, "new connection with a get, 16");
      if (own.length === 0) return undefined;
      const value = medianOf(own, "value");
      return [Math.round(value).toLocaleString("en-US"), value >= 1000];
    },
  },
  {
    text: `500 watches at most ${mostWatchKib} KiB each at the server, and at the agent`,
    judge: (samples) => {
      const own = ofOurs(samples, "memory of 500 watches");
      if (own.length === 0) return undefined;
      const [server, agent] = [medianOf(own, "value"), medianOf(own, "agentValue")];
      const found = `${server.toFixed(1)} and ${agent.toFixed(1)} KiB`;
      return [found, server <= mostWatchKib && agent <= mostWatchKib];
    },
  },
  {
    text: "a stalled reader does nothing to others' 99th percentile",
    judge: (samples) => {
      const own = ofOurs(samples, "get, 16, one reader stalled");
      if (own.length === 0) return undefined;
      const [before, during] = [medianOf(own, "quietP99Ms"), medianOf(own, "p99Ms")];
      // What two measurements without any reader differ by.
      return [`${before.toFixed(1)} and ${during.toFixed(1)} ms`, during <= before * 1.25 + 1];
    },
  },
];

/** The aims, and what was found, as Markdown. */
export function formatAims(samples: readonly Sample[]): string {
  const rows = aims.flatMap(({ text, judge }) => {
    const found = judge(samples);
    return found ? [`| ${text} | ${found[0]} | ${found[1] ? "yes" : "no"} |`] : [];
  });
  return [
    "| aim (connections made in the server's process) | found | met |",
    "| --- | --- | --- |",
    ...rows,
  ].join("\n");
}

function judgeRatio(
  samples: readonly Sample[],
  of: { readonly workload: string; readonly others: readonly string[]; readonly least: number },
): readonly [string, boolean] | undefined {
  const near = samples.filter(({ workload, delayMs }) => workload === of.workload && delayMs === 0);
  const ratio = ratioTo(near, "ours in process", of.others);
  return ratio === undefined ? undefined : [`${ratio.toFixed(2)} times`, ratio >= of.least];
}

function ofOurs(samples: readonly Sample[], workload: string): readonly Sample[] {
  return samples.filter(
    (sample) =>
      sample.workload === workload && sample.subject === "ours in process" && sample.delayMs === 0,
  );
}
