/** Bars of one group, e.g. of one number of members. */
export interface BarGroup {
  readonly label: string;
  readonly values: readonly number[];
}

/** What a plot of bars shows. */
export interface BarPlot {
  readonly title: string;
  readonly unit: string;
  /** What the bars of each group are. */
  readonly series: readonly string[];
  readonly groups: readonly BarGroup[];
}

const colors = ["#2f6f9f", "#6aa84f", "#c27b30", "#8e5ea2"];
const barWidth = 34;
const groupGap = 40;
const height = 220;
const margin = { top: 58, left: 24, bottom: 44 };

/** Draws a plot as SVG: bars from zero, each with its value above it. */
export function drawBars({ title, unit, series, groups }: BarPlot): string {
  const most = Math.max(1e-9, ...groups.flatMap(({ values }) => values));
  const groupWidth = series.length * barWidth + groupGap;
  const width = Math.max(460, margin.left * 2 + groups.length * groupWidth);
  const total = margin.top + height + margin.bottom;
  const bars = groups.flatMap(({ values }, at) =>
    values.map((value, i) => {
      const x = margin.left + at * groupWidth + i * barWidth;
      const tall = (value / most) * height;
      const y = margin.top + height - tall;
      return (
        `<rect x="${x}" y="${y.toFixed(1)}" width="${barWidth - 4}" height="${tall.toFixed(1)}" fill="${colors[i % colors.length]}"/>` +
        `<text x="${x + barWidth / 2 - 2}" y="${(y - 4).toFixed(1)}" text-anchor="middle">${formatValue(value)}</text>`
      );
    }),
  );
  const labels = groups.map(({ label }, at) => {
    const x = margin.left + at * groupWidth + (series.length * barWidth) / 2;
    return `<text x="${x}" y="${margin.top + height + 18}" text-anchor="middle">${escape(label)}</text>`;
  });
  const legend = series.map((name, i) => {
    const x = margin.left + i * 110;
    return `<rect x="${x}" y="28" width="10" height="10" fill="${colors[i % colors.length]}"/><text x="${x + 14}" y="37">${escape(name)}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${total}" font-family="sans-serif" font-size="11">`,
    `<rect width="${width}" height="${total}" fill="#fff"/>`,
    `<text x="${margin.left}" y="18" font-size="13">${escape(`${title} (${unit})`)}</text>`,
    ...legend,
    ...bars,
    ...labels,
    "</svg>\n",
  ].join("\n");
}

function formatValue(value: number): string {
  return value >= 10 ? String(Math.round(value)) : value.toFixed(1);
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
