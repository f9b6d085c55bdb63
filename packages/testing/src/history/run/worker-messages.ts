import type { PlantedBug } from "../planted/planted-bug.ts";
import type { Subject } from "./open-subject.ts";

/** What a worker is started for. */
export type WorkerPlan =
  | {
      /** Serves the facade over a store. */
      readonly role: "host";
      readonly subject: Subject;
      readonly port: number;
      readonly bug?: PlantedBug;
    }
  | {
      /** Runs clients and watchers against a store. */
      readonly role: "clients";
      readonly subject: Subject;
      /** Unlike that of any other worker of the run. */
      readonly name: string;
      readonly file: string;
      readonly seed: number;
      readonly clients: number;
      readonly watchers: number;
      readonly compactLag: number;
      /** Collects all changes from here on; absent: another worker does. */
      readonly collectFrom?: number;
      readonly bug?: PlantedBug;
    };

/** What a worker is told. */
export type ToWorker =
  | { readonly do: "collected"; readonly revision: number }
  /** Close the store and open it anew. */
  | { readonly do: "reopen" }
  /** No more operations. */
  | { readonly do: "quiesce" }
  /** Watches end once they have been handed everything up to here. */
  | { readonly do: "drain"; readonly head: number }
  /** Read everything from a store opened anew. */
  | { readonly do: "finish" };

/** What a worker tells. */
export type FromWorker =
  | { readonly is: "ready"; readonly port: number }
  | { readonly is: "answers"; readonly count: number }
  | { readonly is: "collected"; readonly revision: number }
  | { readonly is: "quiet"; readonly head: number }
  | { readonly is: "drained" }
  | { readonly is: "finished" }
  | { readonly is: "failed"; readonly why: string };
