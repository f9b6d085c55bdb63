import type { RestClient } from "@cellplane/client";
import type { ControlPlaneState } from "./control-plane-state.ts";
import type { KubefedHost } from "./kubefed-host.ts";
import type { MemberReading } from "./member-reading.ts";
import type { MigrationReport } from "./migration-report.ts";
import type { MigrationItem } from "./plan-migration.ts";

/** What `migrate kubefed` is asked to do. */
export interface MigrationRequest {
  readonly host: RestClient;
  readonly hostNamespace: string;
  readonly controlPlane: RestClient;
  /** Go on although KubeFed's lock is held. */
  readonly force: boolean;
  readonly dryRun: boolean;
  /** How long to wait for clusters, and for ledgers without progress. */
  readonly timeoutMs: number;
}

/** What the steps hand on. */
export interface MigrationContext {
  host?: KubefedHost;
  here?: ControlPlaneState;
  members?: ReadonlyMap<string, MemberReading>;
  items?: readonly MigrationItem[];
  confirmed?: readonly MigrationItem[];
  report?: MigrationReport;
}

/** What an earlier step has handed on. */
export function needed<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("cannot happen: an earlier step was left out");
  return value;
}
