/** The API groups of the federation, and the versions served. */
export const groups = {
  core: "core.kubefed.io",
  types: "types.kubefed.io",
  scheduling: "scheduling.kubefed.io",
  cellplane: "cellplane.io",
} as const;

/** The version of federated kinds that shows clusters: KubeFed's own, and the one stored. */
export const clusterViewVersion = "v1beta1";

/** The version of federated kinds that shows topologies. */
export const topologyViewVersion = "v1beta2";

/** KubeFed's names (reference §1.8), and where its objects live unless told otherwise. */
export const kubefed = {
  systemNamespace: "kube-federation-system",
  configName: "kubefed",
  namespacesTypeConfig: "namespaces",
  managedLabel: "kubefed.io/managed",
  orphanAnnotation: "kubefed.io/orphan",
  deleteOptionsAnnotation: "kubefed.io/deleteoption",
  syncFinalizer: "kubefed.io/sync-controller",
  typeConfigFinalizer: "core.kubefed.io/federated-type-config",
  leaderElectionName: "kubefed-controller-manager",
} as const;

/** Labels of ours. */
export const labels = {
  /** On namespaces, clusters, cells and federated objects: whose they are. */
  tenant: "cellplane.io/tenant",
  workspaceGroup: "cellplane.io/workspace-group",
  /** On a derived KubeFedCluster and on every object written for a cell: the cell's name. */
  cell: "cellplane.io/cell",
  /** On a derived KubeFedCluster: the joined cluster that the cell lives on. */
  cluster: "cellplane.io/cluster",
  region: "topology.kubernetes.io/region",
  zone: "topology.kubernetes.io/zone",
  /** `"true"`: admission refuses the deletion. */
  protected: "cellplane.io/protected",
  /** On a federated object that was made as workloads need it. */
  followedBy: "cellplane.io/followed-by",
} as const;

/** Annotations of ours. The first five stand on member objects, the others on federated ones. */
export const annotations = {
  /** Who wrote a member object: `formatSource`. */
  source: "federation.cellplane.io/source",
  uid: "federation.cellplane.io/uid",
  generation: "federation.cellplane.io/generation",
  revision: "federation.cellplane.io/revision",
  hash: "federation.cellplane.io/hash",
  /** `"true"` on a member object that existed before it was managed. */
  adopted: "federation.cellplane.io/adopted",
  /** In v1beta1 objects: what only the topology view can say. */
  topologyCarry: "federation.cellplane.io/topology",
  /** In v1beta2 objects: what only the cluster view can say. */
  clusterCarry: "federation.cellplane.io/cluster",
  /** Topologies that a deletion need not wait for, comma-separated. */
  abandon: "federation.cellplane.io/abandon",
  /** The highest member generation that may be overwritten by an older plan. */
  acceptOlder: "federation.cellplane.io/accept-older",
  /** `"true"`: the mask may be widened while `spec.revision` is set. */
  rollbackAll: "federation.cellplane.io/rollback-all",
  /** On what was copied from a KubeFed host: how far it is, and the host's id. */
  migration: "federation.cellplane.io/migration",
  /** On a federated object that was made as workloads need it: which they are. */
  followedBy: "federation.cellplane.io/followed-by",
  /** `"true"` on a Namespace: it may be deleted with the federated objects in it. */
  deleteContents: "federation.cellplane.io/delete-contents",
  /** On a KubeFedCluster: agents whose certificates are not younger than this RFC 3339 time are refused. */
  agentsRevoked: "federation.cellplane.io/agents-revoked",
  /** On the ConfigMap `cellplane-tunnel`: the servers of the tunnel, and when each was last seen. */
  tunnelServers: "federation.cellplane.io/tunnel-servers",
  /** `"true"` on a KubeFedCluster: its agents bring the credential for its API server. */
  agentCredential: "federation.cellplane.io/agent-credential",
  /** On a Secret that an agent brought: when its token ends, RFC 3339. */
  tokenEnds: "federation.cellplane.io/token-ends",
} as const;

/** Finalizers of ours. */
export const finalizers = {
  /** On a Cell, until its derived KubeFedCluster is gone. */
  cell: "cellplane.io/cell-controller",
} as const;

/** Type of the Secrets that keep the revisions of FederatedSecrets. */
export const revisionSecretType = "cellplane.io/revision";

/** Revisions kept unless `KubeFedConfig` or the object says otherwise. */
export const defaultRevisionHistoryLimit = 10;
