import type { Figure } from "./measure.ts";

/** The figures of one kind of object on one server. */
export interface Series {
  readonly name: string;
  readonly figures: readonly Figure[];
  readonly startRssBytes: number;
  readonly rssBytes: number;
  readonly peakRssBytes: number;
}

/** A line for each figure, with the ratio to the last series where that is a peer. */
export function formatTable(series: readonly Series[]): readonly string[] {
  const peer = series.find(({ name }) => name.startsWith("kubernetes"));
  return series.flatMap((one) => [
    "",
    one.name,
    ...one.figures.map((figure) => {
      const other = peer?.figures.find(({ what }) => what === figure.what);
      return formatFigure(figure, one === peer ? undefined : other);
    }),
  ]);
}

/** Memory of each server. */
export function formatMemory(series: readonly Series[]): readonly string[] {
  return [
    "",
    ...series.map(
      ({ name, startRssBytes, rssBytes, peakRssBytes }) =>
        `memory of ${name}: ${mib(startRssBytes)} before, ${mib(rssBytes)} after, ` +
        `${mib(peakRssBytes)} at most`,
    ),
  ];
}

function formatFigure(figure: Figure, peer: Figure | undefined): string {
  const { what, perSecond, p50Ms, p99Ms, cpuMicros } = figure;
  return [
    what.padEnd(26),
    `${Math.round(perSecond).toLocaleString("en")}/s`.padStart(12),
    `p50 ${p50Ms.toFixed(1)} ms`.padStart(14),
    `p99 ${p99Ms.toFixed(1)} ms`.padStart(15),
    `CPU ${cpuMicros.toFixed(cpuMicros < 100 ? 1 : 0)} us each`.padStart(21),
    ...(peer === undefined
      ? []
      : [
          `rate x${(perSecond / peer.perSecond).toFixed(2)}`.padStart(12),
          `CPU /${(peer.cpuMicros / cpuMicros).toFixed(2)}`.padStart(11),
        ]),
  ].join(" ");
}

function mib(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
