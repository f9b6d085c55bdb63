import type { Random } from "../../model/random.ts";
import type { KillableServer } from "../run/backend.ts";
import type { Relay } from "./relay.ts";

/** What may happen to a run. */
export const faultKinds = [
  "kill-writer",
  "kill-database",
  "cut",
  "delay",
  "freeze",
  "reopen",
] as const;

/** One of them. */
export type FaultKind = (typeof faultKinds)[number];

/** A worker that faults may hit. */
export interface FaultyWorker {
  restart(): Promise<void>;
  stop(): void;
  goOn(): void;
  reopen(): void;
}

/** What faults may hit. */
export interface FaultTargets {
  /** Workers that may be killed, and the others that may only be frozen. */
  readonly killable: readonly FaultyWorker[];
  readonly freezable: readonly FaultyWorker[];
  /** Workers that have the store open themselves. */
  readonly reopenable: readonly FaultyWorker[];
  readonly server: KillableServer | undefined;
  readonly relays: readonly Relay[];
}

/** The kinds of faults that these targets can have. */
export function possibleFaults(
  wanted: readonly FaultKind[],
  targets: FaultTargets,
): readonly FaultKind[] {
  const possible: Readonly<Record<FaultKind, boolean>> = {
    "kill-writer": targets.killable.length > 0,
    "kill-database": targets.server !== undefined,
    cut: targets.relays.length > 0,
    delay: targets.relays.length > 0,
    freeze: targets.freezable.length > 0,
    reopen: targets.reopenable.length > 0,
  };
  return wanted.filter((kind) => possible[kind]);
}

/** Lets one fault happen, and resolves when it is over. `tell` is called as it begins. */
export async function injectFault(
  kind: FaultKind,
  targets: FaultTargets,
  { random, tell }: { readonly random: Random; readonly tell: (what: string) => void },
): Promise<void> {
  switch (kind) {
    case "kill-writer":
      tell(kind);
      return random.pick(targets.killable).restart();
    case "kill-database":
      tell(kind);
      await targets.server?.kill();
      await wait(random.below(1200));
      return targets.server?.run();
    case "cut":
      return cut(random.pick(targets.relays), random, tell);
    case "delay": {
      const relay = random.pick(targets.relays);
      const ms = 5 + random.below(60);
      tell(`delay ${ms} ms`);
      relay.delay(ms);
      await wait(300 + random.below(900));
      relay.delay(0);
      return;
    }
    case "freeze": {
      const worker = random.pick(targets.freezable);
      const ms = random.chance(0.3) ? 3000 + random.below(4000) : 200 + random.below(1500);
      tell(`freeze ${ms} ms`);
      worker.stop();
      await wait(ms);
      worker.goOn();
      return;
    }
    case "reopen":
      tell(kind);
      random.pick(targets.reopenable).reopen();
      return wait(100);
  }
}

async function cut(relay: Relay, random: Random, tell: (what: string) => void): Promise<void> {
  const at = random.below(5);
  if (at === 0) {
    tell("cut all connections");
    relay.cut();
  } else if (at === 1) {
    tell("lose answers, then cut");
    relay.mute(50 + random.below(800));
  } else if (at < 4) {
    tell("cut before the answer to a commit");
    relay.cutNextCommit("before-answer");
  } else {
    tell("cut before a commit");
    relay.cutNextCommit("before-commit");
  }
  await wait(100);
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
