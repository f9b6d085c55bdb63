import { readdirSync, readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import type { MetricRegistry } from "./metric-registry.ts";

/**
 * Adds what Prometheus' client libraries tell of a process (`process_*`), and of Node its heap and
 * how late its event loop is; until `signal` aborts. What the system does not tell is left out.
 */
export function collectProcessMetrics(registry: MetricRegistry, signal?: AbortSignal): void {
  const cpu = registry.counter({
    name: "process_cpu_seconds_total",
    help: "Total user and system CPU time spent in seconds.",
  });
  const gauge = (name: string, help: string): ((value: number | undefined) => void) => {
    const made = registry.gauge({ name, help });
    return (value) => {
      if (value !== undefined) made.set({}, value);
    };
  };
  const resident = gauge("process_resident_memory_bytes", "Resident memory size in bytes.");
  const virtual = gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.");
  const openFiles = gauge("process_open_fds", "Number of open file descriptors.");
  const maxFiles = gauge("process_max_fds", "Maximum number of open file descriptors.");
  const started = gauge(
    "process_start_time_seconds",
    "Start time of the process since unix epoch in seconds.",
  );
  const heapUsed = gauge("nodejs_heap_size_used_bytes", "Heap in use in bytes.");
  const heapLimit = gauge("nodejs_heap_size_limit_bytes", "What the heap may grow to in bytes.");
  const external = gauge("nodejs_external_memory_bytes", "Memory outside the heap in bytes.");
  const lag = gauge(
    "nodejs_eventloop_lag_p99_seconds",
    "How late the event loop was since the last scrape, 99th percentile in seconds.",
  );
  const delays = monitorEventLoopDelay({ resolution: 20 });
  delays.enable();
  signal?.addEventListener("abort", () => delays.disable(), { once: true });
  started(performance.timeOrigin / 1000);
  maxFiles(readMaxFiles());
  registry.onCollect(() => {
    const { user, system } = process.cpuUsage();
    cpu.set({}, (user + system) / 1e6);
    const memory = process.memoryUsage();
    resident(memory.rss);
    virtual(readVirtualBytes());
    openFiles(countOpenFiles());
    heapUsed(memory.heapUsed);
    heapLimit(getHeapStatistics().heap_size_limit);
    external(memory.external);
    lag(delays.count === 0 ? 0 : delays.percentile(99) / 1e9);
    delays.reset();
  }, signal);
}

function readMaxFiles(): number | undefined {
  const soft = /^Max open files\s+(\d+)/m.exec(readProc("limits"))?.[1];
  return soft === undefined ? undefined : Number(soft);
}

function readVirtualBytes(): number | undefined {
  const kilobytes = /^VmSize:\s+(\d+) kB/m.exec(readProc("status"))?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

function countOpenFiles(): number | undefined {
  try {
    // The folder itself is open while it is read.
    return readdirSync("/proc/self/fd").length - 1;
  } catch {
    return undefined;
  }
}

// Only Linux has it.
function readProc(file: string): string {
  try {
    return readFileSync(`/proc/self/${file}`, "utf8");
  } catch {
    return "";
  }
}
