/**
 * Holds many watches through the tunnel for a while, and tells whether each got all its events:
 * `node bench/tunnel/watches.ts [--watches 5000] [--minutes 10]`. The target sends each of them 1 KiB every 5 s.
 */
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { readUsage } from "../support/usage.ts";
import { RawHttp } from "./raw-http.ts";
import { type Subject, SubjectOpener } from "./subjects.ts";

const { values } = parseArgs({
  options: {
    watches: { type: "string", default: "5000" },
    minutes: { type: "string", default: "10" },
  },
});
const count = Number(values.watches);
const minutes = Number(values.minutes);
const atOnce = 50;
const eventsPerMinute = 12;
// Events of a moment ago are on their way.
const eventsUnderWay = 4;
const request = Buffer.from("GET /watch HTTP/1.1\r\nHost: target\r\n\r\n");

await using opened = new AsyncDisposableStack();
const opener = await SubjectOpener.open(opened, 0);
const subject = await opener.open("ours in process");
tell("before");
let lost = 0;
const watches: RawHttp[] = [];
const began = performance.now();
while (watches.length < count) {
  const some = await Promise.all(Array.from({ length: atOnce }, () => subject.dial()));
  for (const stream of some) {
    const watch = new RawHttp(stream);
    watch.request(request).catch(() => (lost += 1));
    watches.push(watch);
  }
}
console.log(`${count} watches open after ${((performance.now() - began) / 1000).toFixed(1)} s`);
const atStart = watches.map(({ receivedBytes }) => receivedBytes);
for (let minute = 1; minute <= minutes; minute++) {
  await delay(60_000);
  tell(`after ${minute} min, ${lost} lost`);
}
const events = watches.map((watch, i) => (watch.receivedBytes - (atStart[i] ?? 0)) / 1024);
const wanted = minutes * eventsPerMinute - eventsUnderWay;
const short = events.filter((each) => each < wanted).length;
console.log(`events: ${Math.min(...events)} at least, ${Math.max(...events)} at most`);
console.log(`${lost} watches lost, ${short} with fewer than ${wanted} events`);
for (const watch of watches) watch.close();
process.exitCode = lost + short > 0 ? 1 : 0;

function tell(when: string): void {
  const { serverPids, agentPids }: Subject = subject;
  const [server, agent] = [serverPids, agentPids].map((pids) => readUsage(pids).rssBytes / 2 ** 20);
  console.log(`${when}: server ${server?.toFixed(0)} MiB, agent ${agent?.toFixed(0)} MiB`);
}
