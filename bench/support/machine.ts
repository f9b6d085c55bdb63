import { cpus, loadavg, release, totalmem } from "node:os";

/** Where figures were measured. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly linux: string;
  readonly node: string;
  readonly sqlite: string;
  /** Over one minute, before the measurement. */
  readonly loadAverage: number;
}

/** Describes this machine as it is now. */
export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    linux: release(),
    node: process.version,
    sqlite: process.versions["sqlite"] ?? "none",
    loadAverage: loadavg()[0] ?? 0,
  };
}

/** The description in one line. */
export function formatMachine(machine: Machine): string {
  const { cpu, cores, memoryGib, linux, node, sqlite, loadAverage } = machine;
  return (
    `${cpu} x ${cores}, ${memoryGib} GiB, Linux ${linux}, Node ${node}, SQLite ${sqlite}, ` +
    `load average ${loadAverage.toFixed(1)}`
  );
}
