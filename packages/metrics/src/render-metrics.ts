import type { MetricFamily, Sample } from "./metric.ts";

/** The two text formats that scrapers ask for. */
export type ExpositionFormat = "prometheus" | "openmetrics";

/** The `Content-Type` of each format. */
export const expositionMediaTypes: Readonly<Record<ExpositionFormat, string>> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** OpenMetrics where the `Accept` header puts it first or alone, else Prometheus' text format. */
export function chooseExpositionFormat(accept: string | undefined): ExpositionFormat {
  const ranges = (accept ?? "").split(",").map((range) => {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const q = parameters.find((each) => each.startsWith("q="));
    return { type, quality: q === undefined ? 1 : Number(q.slice(2)) };
  });
  const qualityOf = (wanted: readonly string[]): number =>
    Math.max(0, ...ranges.filter(({ type }) => wanted.includes(type)).map((each) => each.quality));
  const open = qualityOf(["application/openmetrics-text"]);
  return open > 0 && open >= qualityOf(["text/plain"]) ? "openmetrics" : "prometheus";
}

/** The families in a text format; those without samples still have their help. */
export function renderMetrics(
  families: readonly MetricFamily[],
  format: ExpositionFormat = "prometheus",
): string {
  const text = families.map((family) => renderFamily(family, format)).join("");
  return format === "openmetrics" ? `${text}# EOF\n` : text;
}

function renderFamily(family: MetricFamily, format: ExpositionFormat): string {
  const { name, help, type, samples } = family;
  // A counter's family is named without the suffix there.
  const title = format === "openmetrics" && type === "counter" ? name.slice(0, -6) : name;
  const lines = [
    `# HELP ${title} ${escapeHelp(help, format)}`,
    `# TYPE ${title} ${type}`,
    ...samples.map((sample) => renderSample(name, sample, format)),
  ];
  return `${lines.join("\n")}\n`;
}

function renderSample(
  name: string,
  { suffix, labels, value }: Sample,
  format: ExpositionFormat,
): string {
  const pairs = labels.map(([label, text]) => {
    const shown = label === "le" && format === "openmetrics" ? asFloat(text) : text;
    return `${label}="${escapeLabel(shown)}"`;
  });
  const braces = pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
  return `${name}${suffix}${braces} ${renderNumber(value)}`;
}

function renderNumber(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}

// OpenMetrics wants the canonical form of a float: `1.0`, not `1`.
function asFloat(text: string): string {
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

function escapeHelp(text: string, format: ExpositionFormat): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return format === "openmetrics" ? escaped.replaceAll('"', '\\"') : escaped;
}
