import type { TakeoverFinding } from "@cellplane/federation";
import { renderTable } from "../output/table.ts";
import type { KubefedHost } from "./kubefed-host.ts";
import { inWords, type MigrationItem } from "./plan-migration.ts";

/** What became, or is to become, of one federated object. */
export interface ReportedObject {
  readonly object: string;
  /** `inStep`: nothing is written. `held`: by an empty mask. `left`: not copied. */
  readonly state: "inStep" | "released" | "held" | "left";
  readonly reasons: readonly { readonly cluster: string; readonly reason: string }[];
}

/** What a migration found and did. */
export interface MigrationReport {
  readonly clusters: number;
  readonly types: number;
  readonly objects: readonly ReportedObject[];
  readonly notes: readonly string[];
}

/** The report of a plan, before anything is done. */
export function reportPlan(host: KubefedHost, items: readonly MigrationItem[]): MigrationReport {
  return {
    clusters: host.clusters.length,
    types: host.types.length,
    objects: items.map(reportItem),
    notes: notesOf(host),
  };
}

/** What is to become of one object by its verdict. */
export function reportItem({ source, verdict }: MigrationItem): ReportedObject {
  const object = inWords(source.object);
  if (verdict.kind === "done") return { object, state: "released", reasons: [] };
  if (verdict.kind === "inStep") return { object, state: "inStep", reasons: [] };
  if (verdict.kind === "left") {
    return { object, state: "left", reasons: [{ cluster: "", reason: verdict.reason }] };
  }
  return { object, state: "held", reasons: verdict.findings.map(reasonOf) };
}

/** Whether everything is, or was, in step. */
export function isClean({ objects }: MigrationReport): boolean {
  return objects.every(({ state }) => state === "inStep" || state === "released");
}

/** The report as people read it. */
export function renderReport(report: MigrationReport, tense: "plan" | "done"): string {
  const count = (...states: readonly ReportedObject["state"][]): number =>
    report.objects.filter(({ state }) => states.includes(state)).length;
  const { clusters, types, objects } = report;
  const lines = [
    `${objects.length} federated objects of ${types} types on ${clusters} clusters:`,
    tense === "plan"
      ? `  ${count("inStep", "released")} in step: nothing will be written to members`
      : `  ${count("released")} in step and released: nothing was written to members`,
    `  ${count("held")} ${tense === "plan" ? "to be held" : "held"} by an empty placement mask`,
    `  ${count("left")} left on the host`,
  ];
  const others = objects.filter(({ state }) => state === "held" || state === "left");
  const rows = others.flatMap(({ object, state, reasons }) =>
    reasons.map(({ cluster, reason }) => [object, state.toUpperCase(), cluster || "-", reason]),
  );
  const table =
    rows.length === 0 ? "" : `\n${renderTable(["OBJECT", "STATE", "CLUSTER", "WHY"], rows)}`;
  const notes = report.notes.length === 0 ? "" : `\n${report.notes.join("\n")}\n`;
  return `${lines.join("\n")}\n${table}${notes}`;
}

function reasonOf({ member, what, reason }: TakeoverFinding): ReportedObject["reasons"][number] {
  const words: Readonly<Record<TakeoverFinding["what"], string>> = {
    create: "would be created",
    update: "would be updated",
    delete: "would be deleted",
    release: "would lose its labels",
    unknown: "not known",
  };
  return { cluster: member, reason: `${words[what]}: ${reason}` };
}

function notesOf({ preferences }: KubefedHost): readonly string[] {
  const scheduled =
    preferences === 0
      ? []
      : [
          `${preferences} ReplicaSchedulingPreferences are not copied, as they write overrides: apply them once everything is released`,
        ];
  return scheduled;
}
