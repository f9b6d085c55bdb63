import { formatMachine } from "../support/machine.ts";
import { formatAims } from "./aims.ts";
import {
  drawTunnelPlots,
  type FigureKey,
  formatRatio,
  medianOf,
  ratioTo,
  type Report,
  type Sample,
  stockSubjects,
} from "./report.ts";

interface Table {
  readonly title: string;
  readonly workload: RegExp;
  readonly delayMs: number;
  readonly figures: readonly (readonly [name: string, key: FigureKey])[];
  /** Whether columns say how ours stand to the stock pair's better mode and to no tunnel. */
  readonly hasRatios: boolean;
}

const tables: readonly Table[] = [
  {
    title: "Requests, connections and MiB in a second",
    workload: /^(get, \d+$|new|down|up)/,
    delayMs: 0,
    figures: [["", "value"]],
    hasRatios: true,
  },
  {
    title:
      "CPU of server and agent for each of them, in microseconds (in process: the client, too)",
    workload: /^(get, \d+$|new|down|up)/,
    delayMs: 0,
    figures: [["", "cpuMicros"]],
    hasRatios: false,
  },
  {
    title: "MiB in a second at a round trip of 50 ms between agent and server",
    workload: /^(down|up)/,
    delayMs: 50,
    figures: [["", "value"]],
    hasRatios: true,
  },
  {
    title:
      "99th percentile of others' gets before and while one reader is stalled, in milliseconds",
    workload: /stalled/,
    delayMs: 0,
    figures: [
      ["before", "quietP99Ms"],
      ["while", "p99Ms"],
    ],
    hasRatios: false,
  },
  {
    title: "KiB for each of 500 watches, beside 500 others",
    workload: /^memory/,
    delayMs: 0,
    figures: [
      ["server", "value"],
      ["agent", "agentValue"],
    ],
    hasRatios: false,
  },
];

/** All of a report as Markdown. */
export function formatSection(report: Report): string {
  return [
    `Measured on: ${formatMachine(report.machine)}. Medians of rounds; ratios are those within a round.`,
    ...tables.flatMap((table) => formatOne(table, report.samples)),
    formatAims(report.samples),
    // Drawn by `--plots docs`.
    drawTunnelPlots(report)
      .map(([name]) => `![Tunnel: ${name}](performance-tunnel-${name}.svg)`)
      .join("\n"),
  ].join("\n\n");
}

function formatOne(table: Table, all: readonly Sample[]): readonly string[] {
  const samples = all.filter(
    ({ workload, delayMs }) => delayMs === table.delayMs && table.workload.test(workload),
  );
  const workloads = [...new Set(samples.map(({ workload }) => workload))];
  const subjects = [...new Set(samples.map(({ subject }) => subject))].filter(
    (name) => table.hasRatios || name !== "direct",
  );
  if (workloads.length === 0) return [];
  const ratios = table.hasRatios
    ? ["in process / stock", "connect / stock", "in process / direct"]
    : [];
  const rows = workloads.flatMap((workload) => {
    const own = samples.filter((sample) => sample.workload === workload);
    return table.figures.map(([figure, key]) => [
      [workload, figure].filter((text) => text !== "").join(": "),
      ...subjects.map((name) => formatValue(own, name, key)),
      ...(table.hasRatios ? ratiosOf(own) : []),
    ]);
  });
  return [`${table.title}:`, formatRows([["", ...subjects, ...ratios], ...rows])];
}

function formatValue(samples: readonly Sample[], subject: string, key: FigureKey): string {
  const own = samples.filter((sample) => sample.subject === subject);
  if (own.length === 0) return "-";
  const value = medianOf(own, key);
  return value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString("en-US");
}

function ratiosOf(samples: readonly Sample[]): readonly string[] {
  return [
    formatRatio(ratioTo(samples, "ours in process", stockSubjects)),
    formatRatio(ratioTo(samples, "ours connect", stockSubjects)),
    formatRatio(ratioTo(samples, "ours in process", ["direct"])),
  ];
}

function formatRows([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
