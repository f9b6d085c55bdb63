import { setTimeout as delay } from "node:timers/promises";
import { percentile } from "../support/percentile.ts";
import { readUsage } from "../support/usage.ts";
import { RawHttp } from "./raw-http.ts";
import { downBytes, upBytes } from "./sizes.ts";
import type { Subject } from "./subjects.ts";

/** One measurement of one subject. */
export interface Figure {
  /** Requests, connections or MiB in a second, or the server's KiB for each watch: see the workload's unit. */
  readonly value: number;
  /** The agent's KiB for each watch. */
  readonly agentValue?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** The same just before one reader stalled. */
  readonly quietP99Ms?: number;
  /** Of server and agent, for each request, connection or MiB. */
  readonly cpuMicros?: number;
}

/** Something to measure. */
export interface Workload {
  readonly name: string;
  readonly unit: string;
  /** Whether it is measured at a distance, too. */
  readonly isFar?: boolean;
  /** Measured in one round alone. */
  readonly isOnce?: boolean;
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
const patienceMs = 1500;
const settleMs = 3000;

/** All workloads; memory first, as processes don't give back what they have had. */
export const workloads: readonly Workload[] = [
  watches(),
  ...[1, 16, 64].map(gets),
  newConnections(1),
  newConnections(16),
  ...[1, 8].flatMap((streams) => [down(streams), up(streams)]),
  stalledReader(16),
];

function gets(clients: number): Workload {
  return {
    name: `get, ${clients}`,
    unit: "requests/s",
    async run(subject, ms) {
      const all = await openAll(subject, clients);
      const figure = await measure(subject, ms, getBy(all), clients);
      for (const http of all) http.close();
      return figure;
    },
  };
}

/** Gets of others before and while one reader of an endless answer takes nothing. */
function stalledReader(clients: number): Workload {
  return {
    name: `get, ${clients}, one reader stalled`,
    unit: "requests/s",
    async run(subject, ms) {
      // All first, for a stalled reader may also hold up dials.
      const all = await openAll(subject, clients);
      const last = new RawHttp(await subject.dial());
      const quiet = await measure(subject, ms, getBy(all), clients);
      await stall(last);
      // It may hold up all others for good.
      const late = setTimeout(() => {
        for (const http of all) http.close();
      }, ms + patienceMs);
      const figure = await measure(subject, ms, getBy(all), clients);
      clearTimeout(late);
      for (const http of [...all, last]) http.close();
      return { ...figure, quietP99Ms: quiet.p99Ms ?? 0 };
    },
  };
}

function getBy(all: readonly RawHttp[]): (client: number) => Promise<void> {
  return async (client) => {
    await all[client]?.request(getOne).catch(() => undefined);
  };
}

/** Takes the beginning of an answer, and no more. */
async function stall(http: RawHttp): Promise<void> {
  http.request(getFlood).catch(() => undefined);
  await delay(50);
  http.pause();
  // Until all that may wait on the way does.
  await delay(500);
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

/** What 500 watches more take, beside 500 others: the first ones also wake up what is there once. */
function watches(): Workload {
  const count = 500;
  return {
    name: `memory of ${count} watches`,
    unit: "KiB each",
    isOnce: true,
    async run(subject) {
      const { serverPids, agentPids } = subject;
      if (serverPids.length === 0) return { value: 0 };
      const all: RawHttp[] = [];
      const openMore = async (): Promise<readonly [server: number, agent: number]> => {
        const wanted = all.length + count;
        while (all.length < wanted) {
          const some = await openAll(subject, 20);
          for (const http of some) http.request(getWatch).catch(() => undefined);
          all.push(...some);
        }
        await delay(settleMs);
        return [readUsage(serverPids).rssBytes, readUsage(agentPids).rssBytes];
      };
      const [server, agent] = await openMore();
      const [moreAtServer, moreAtAgent] = await openMore();
      for (const http of all) http.close();
      await delay(500);
      return {
        value: (moreAtServer - server) / count / 1024,
        agentValue: (moreAtAgent - agent) / count / 1024,
      };
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
