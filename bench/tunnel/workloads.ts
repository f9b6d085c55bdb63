import { setTimeout as delay } from "node:timers/promises";
import { percentile } from "../support/percentile.ts";
import { readUsage } from "../support/usage.ts";
import { RawHttp } from "./raw-http.ts";
import { downBytes, upBytes } from "./sizes.ts";
import type { Subject } from "./subjects.ts";

/** One measurement of one subject. */
export interface Figure {
  /** Requests, connections, MiB, or KiB for each watch: see the workload's unit. */
  readonly value: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** Of server and agent, for each request, connection or MiB. */
  readonly cpuMicros?: number;
}

/** Something to measure. */
export interface Workload {
  readonly name: string;
  readonly unit: string;
  /** Whether it is measured at a distance, too. */
  readonly isFar?: boolean;
  run(subject: Subject, ms: number): Promise<Figure>;
}

const get = (path: string): Buffer => Buffer.from(`GET ${path} HTTP/1.1\r\nHost: target\r\n\r\n`);
const getOne = get("/");
const getDown = get("/down");
const getFlood = get("/flood");
const getWatch = get("/watch");
const post = Buffer.from(`POST /up HTTP/1.1\r\nHost: target\r\nContent-Length: ${upBytes}\r\n\r\n`);
const upBody = Buffer.alloc(upBytes, "u");
const mib = 1024 * 1024;
const patienceMs = 5000;

/** All workloads. */
export const workloads: readonly Workload[] = [
  ...[1, 16, 64].map((clients) => gets(clients, false)),
  newConnections(1),
  newConnections(16),
  ...[1, 8].flatMap((streams) => [down(streams), up(streams)]),
  gets(16, true),
  watches("server"),
  watches("agent"),
];

function gets(clients: number, hasStalled: boolean): Workload {
  return {
    name: `get, ${clients}${hasStalled ? ", one reader stalled" : ""}`,
    unit: "requests/s",
    isFar: !hasStalled,
    async run(subject, ms) {
      // First, for a stalled reader may also hold up dials.
      const all = await openAll(subject, clients);
      const stalled = hasStalled ? await stall(subject) : undefined;
      // A stalled reader may hold up all others for good.
      const late = setTimeout(() => {
        for (const http of all) http.close();
      }, ms + patienceMs);
      const one = async (client: number): Promise<void> => {
        await all[client]?.request(getOne).catch(() => undefined);
      };
      const figure = await measure(subject, ms, one, clients);
      clearTimeout(late);
      for (const http of all) http.close();
      stalled?.close();
      return figure;
    },
  };
}

/** A reader that takes the beginning of an answer, and no more. */
async function stall(subject: Subject): Promise<RawHttp> {
  const http = new RawHttp(await subject.dial());
  http.request(getFlood).catch(() => undefined);
  await delay(50);
  http.pause();
  // Until all that may wait on the way does.
  await delay(500);
  return http;
}

function newConnections(clients: number): Workload {
  return {
    name: `new connection with a get, ${clients}`,
    unit: "connections/s",
    run: (subject, ms) =>
      measure(
        subject,
        ms,
        async () => {
          const http = new RawHttp(await subject.dial());
          await http.request(getOne);
          http.close();
        },
        clients,
      ),
  };
}

function down(streams: number): Workload {
  return transfer(`down, ${streams}`, { streams, bytes: downBytes }, (http) =>
    http.request(getDown),
  );
}

function up(streams: number): Workload {
  return transfer(`up, ${streams}`, { streams, bytes: upBytes }, (http) =>
    http.request(post, upBody),
  );
}

/** Whole bodies alone: one that is given up midway would disturb whoever comes next. */
function transfer(
  name: string,
  { streams, bytes }: { readonly streams: number; readonly bytes: number },
  work: (http: RawHttp) => Promise<void>,
): Workload {
  return {
    name,
    unit: "MiB/s",
    isFar: true,
    async run(subject, ms) {
      const all = await openAll(subject, streams);
      // Windows open with time.
      await Promise.all(all.map(work));
      const one = async (client: number): Promise<void> => {
        const http = all[client];
        if (http) await work(http);
      };
      const { value, cpuMicros } = await measure(subject, ms, one, streams);
      for (const http of all) http.close();
      const size = bytes / mib;
      return { value: value * size, cpuMicros: (cpuMicros ?? 0) / size };
    },
  };
}

function watches(side: "server" | "agent"): Workload {
  const count = 500;
  return {
    name: `memory of ${count} watches, ${side}`,
    unit: "KiB each",
    async run(subject) {
      const pids = side === "server" ? subject.serverPids : subject.agentPids;
      if (pids.length === 0) return { value: 0 };
      const before = readUsage(pids).rssBytes;
      const all: RawHttp[] = [];
      while (all.length < count) {
        const some = await openAll(subject, 20);
        for (const http of some) http.request(getWatch).catch(() => undefined);
        all.push(...some);
      }
      await delay(6000);
      const after = readUsage(pids).rssBytes;
      for (const http of all) http.close();
      await delay(500);
      return { value: (after - before) / count / 1024 };
    },
  };
}

function openAll(subject: Subject, count: number): Promise<RawHttp[]> {
  return Promise.all(Array.from({ length: count }, async () => new RawHttp(await subject.dial())));
}

/** Clients that do something again and again. */
async function measure(
  subject: Subject,
  ms: number,
  work: (client: number) => Promise<void>,
  clients: number,
): Promise<Figure> {
  const took: number[] = [];
  const started = performance.now();
  const used = usedMicros(subject);
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      while (performance.now() - started < ms) {
        const began = performance.now();
        await work(client);
        took.push(performance.now() - began);
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  return {
    value: took.length / seconds,
    p50Ms: percentile(took, 0.5),
    p99Ms: percentile(took, 0.99),
    cpuMicros: (usedMicros(subject) - used) / took.length,
  };
}

function usedMicros({ serverPids, agentPids }: Subject): number {
  return readUsage([...serverPids, ...agentPids]).cpuMicros;
}
