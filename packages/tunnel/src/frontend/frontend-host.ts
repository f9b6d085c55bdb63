import type { Duplex } from "node:stream";
import type { FrontendMetrics } from "../server/frontend-metrics.ts";
import type { AuthorizeClient } from "./authorize.ts";
import type { Destination } from "./find-cluster.ts";

/** What frontends stand on. */
export interface FrontendHost {
  /** @throws {DialError} */
  readonly dial: (dial: Destination & { readonly signal: AbortSignal }) => Promise<Duplex>;
  readonly authorize: AuthorizeClient;
  /** `CLUSTER.SUFFIX` names a cluster, too. */
  readonly suffix: string | undefined;
  readonly metrics: FrontendMetrics;
}
