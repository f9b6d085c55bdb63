import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "../../model/random.ts";
import { type FaultKind, injectFault, possibleFaults } from "../faults/inject-faults.ts";
import { Relay } from "../faults/relay.ts";
import type { PlantedBug } from "../planted/planted-bug.ts";
import { Recorder } from "../record/recorder.ts";
import { nowUs, type Setting } from "../record/records.ts";
import { type Backend, openBackend } from "./backend.ts";
import type { Subject } from "./open-subject.ts";
import { Team } from "./team.ts";

/** How to run. */
export interface RunOptions {
  /** `memory`, `sqlite`, `mariadb`, `mysql`, `etcd`, or `facade:` and one of the first four. */
  readonly store: string;
  readonly seed: number;
  /** Ends after so long, or after so many answers, whichever comes first. */
  readonly seconds: number;
  readonly operations: number;
  readonly processes: number;
  readonly clients: number;
  readonly faults: readonly FaultKind[];
  /** Mean pause between two faults, in milliseconds. */
  readonly faultEveryMs: number;
  /** Where the records go. */
  readonly folder: string;
  readonly bug?: PlantedBug;
  /** Ends the run early; what was recorded is still to be checked. */
  readonly signal?: AbortSignal;
}

/** What was run. */
export interface Run {
  readonly files: readonly string[];
  readonly faults: ReadonlyMap<string, number>;
}

/** Runs clients against a store while faults happen, and leaves records of everything. */
export async function runHistory(options: RunOptions): Promise<Run> {
  const { store, seed, folder } = options;
  mkdirSync(folder, { recursive: true });
  await using opened = new AsyncDisposableStack();
  const file = join(folder, "coordinator.jsonl");
  const recorder = opened.use(new Recorder(file));
  const isFacade = store.startsWith("facade:");
  const backend = await openBackend(store.replace("facade:", ""), folder, opened);
  const setting: Setting = {
    store,
    seed,
    isShared: backend.isForMany && store !== "etcd",
    mayLackPrevious: store === "etcd",
  };
  recorder.record({ t: "setting", ...setting });
  const team = opened.use(new Team(options, backend));
  const fronts = isFacade ? await openHosts(team, backend, opened) : [];
  await team.startClients(fronts.length > 0 ? fronts.map(({ subject }) => subject) : undefined);
  const faults = await letFaultsHappen(options, {
    team,
    recorder,
    backend,
    relays: [...(backend.relay ? [backend.relay] : []), ...fronts.map(({ relay }) => relay)],
  });
  await team.finish();
  return { files: [file, ...team.files], faults };
}

/** Hosts of the facade: two where they can share the data. */
async function openHosts(
  team: Team,
  { isForMany }: Backend,
  opened: AsyncDisposableStack,
): Promise<readonly { readonly subject: Subject; readonly relay: Relay }[]> {
  const ports = await team.startHosts(isForMany ? 2 : 1);
  return Promise.all(
    ports.map(async (port) => {
      const relay = opened.use(await Relay.open(port));
      return { relay, subject: `http://127.0.0.1:${relay.port}` };
    }),
  );
}

/** One fault after the other until the run is over; tells how often each happened. */
async function letFaultsHappen(
  { seed, seconds, operations, faults, faultEveryMs, signal }: RunOptions,
  {
    team,
    recorder,
    backend,
    relays,
  }: {
    readonly team: Team;
    readonly recorder: Recorder;
    readonly backend: Backend;
    readonly relays: readonly Relay[];
  },
): Promise<ReadonlyMap<string, number>> {
  const random = createRandom(seed);
  const happened = new Map<string, number>();
  const targets = { ...team.targets, relays, server: backend.server };
  const kinds = possibleFaults(faults, targets);
  const untilMs = performance.now() + seconds * 1000;
  const isOver = (): boolean =>
    signal?.aborted === true || performance.now() >= untilMs || team.answers >= operations;
  while (!isOver()) {
    if (kinds.length > 0) await team.moves(20, isOver);
    const nextMs = performance.now() + faultEveryMs / 2 + random.below(faultEveryMs);
    while (!isOver() && performance.now() < nextMs) await team.rest();
    if (kinds.length === 0 || isOver()) continue;
    const kind = random.pick(kinds);
    const tell = (what: string): void => recorder.record({ t: "fault", at: nowUs(), what });
    happened.set(kind, (happened.get(kind) ?? 0) + 1);
    await injectFault(kind, targets, { random, tell });
  }
  return happened;
}
