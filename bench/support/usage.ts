import { readFileSync } from "node:fs";

// USER_HZ, which Linux fixes at 100 for what it tells in /proc.
const microsPerTick = 10_000;

/** What a server has used: all its processes and all their threads together. */
export interface Usage {
  readonly cpuMicros: number;
  readonly rssBytes: number;
  readonly peakRssBytes: number;
}

/** Reads `/proc` of the processes. */
export function readUsage(pids: readonly number[]): Usage {
  let cpuMicros = 0;
  let rssBytes = 0;
  let peakRssBytes = 0;
  for (const pid of pids) {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name is in parentheses and may hold anything; utime and stime are fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    cpuMicros += (Number(fields[11]) + Number(fields[12])) * microsPerTick;
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    rssBytes += kilobytes(status, "VmRSS") * 1024;
    peakRssBytes += kilobytes(status, "VmHWM") * 1024;
  }
  return { cpuMicros, rssBytes, peakRssBytes };
}

/** The direct children of a process. */
export function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return text === "" ? [] : text.split(" ").map(Number);
}

function kilobytes(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
}
