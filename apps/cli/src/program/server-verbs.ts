/** The verbs that the server program serves (`apps/control-plane`), for help and completion. */
export const serverVerbs: readonly {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly string[];
}[] = [
  {
    name: "up",
    summary: "Run a control plane",
    options: [
      "--data-dir",
      "--listen",
      "--datastore",
      "--token-auth-file",
      "--audit-log-path",
      "--log-level",
    ],
  },
  {
    name: "member",
    summary: "Run a try-out member cluster: an API server whose workloads only pretend to run",
    options: [
      "--data-dir",
      "--listen",
      "--datastore",
      "--token-auth-file",
      "--audit-log-path",
      "--log-level",
    ],
  },
];
