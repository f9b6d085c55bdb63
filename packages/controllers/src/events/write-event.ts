import type { SyncOperation, TopologyDecision } from "@cellplane/federation";
import { placeName } from "./place-name.ts";

type Write = Exclude<SyncOperation["kind"], "none">;

const words: Readonly<
  Record<Write, { readonly reason: string; readonly doing: string; readonly infinitive: string }>
> = {
  create: { reason: "CreateInCluster", doing: "Creating", infinitive: "create" },
  update: { reason: "UpdateInCluster", doing: "Updating", infinitive: "update" },
  delete: { reason: "DeleteInCluster", doing: "Deleting", infinitive: "delete" },
  release: {
    reason: "RemoveManagedLabelFromInCluster",
    doing: "Removing managed label from",
    infinitive: "remove managed label from",
  },
};

/** A write to a member in KubeFed's words (reference §2.11). */
export function describeWrite(
  decision: TopologyDecision,
  write: Write,
  targetKind: string,
): { readonly reason: string; readonly doing: string; readonly failed: string } {
  const { reason, doing, infinitive } = words[write];
  const { namespace, name = "" } = decision.target ?? {};
  const full = namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
  const rest = `${targetKind} ${JSON.stringify(full)} in ${placeName(decision)}`;
  return { reason, doing: `${doing} ${rest}`, failed: `Failed to ${infinitive} ${rest}` };
}
