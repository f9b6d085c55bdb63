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
      "--encryption-provider-config",
      "--encryption-provider-config-automatic-reload",
      "--log-level",
      "--envelope-key-file",
      "--envelope-kms",
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
      "--encryption-provider-config",
      "--encryption-provider-config-automatic-reload",
      "--log-level",
    ],
  },
  {
    name: "controller-manager",
    summary: "Run the federation's controllers and webhooks against another API server",
    options: [
      "--kubeconfig",
      "--context",
      "--namespace",
      "--listen",
      "--cert-dir",
      "--webhook-url",
      "--webhook-service",
      "--credentials-dir",
      "--namespaces-file",
      "--controller-user",
      "--install",
      "--log-level",
      "--envelope-key-file",
      "--envelope-kms",
    ],
  },
  {
    name: "install",
    summary: "Install the federation's kinds in another API server, for controller-manager",
    options: [
      "--kubeconfig",
      "--context",
      "--namespace",
      "--webhook-url",
      "--webhook-service",
      "--dry-run",
      "--output",
    ],
  },
  {
    name: "etcd",
    summary: "Serve a datastore as etcd v3",
    options: [
      "--data-dir",
      "--listen",
      "--datastore",
      "--advertise-client-url",
      "--cert-file",
      "--key-file",
      "--trusted-ca-file",
      "--client-cert-auth",
      "--progress-notify-interval",
      "--log-level",
    ],
  },
  {
    name: "store",
    summary: "Look after a store: back up, restore, verify, status, compact, migrate, reencrypt, accept-loss",
    options: ["--data-dir", "--datastore", "--output"],
  },
  {
    name: "kms",
    summary: "Run a KMS v2 plug-in that encrypts with the keys of a file",
    options: ["--key-file", "--listen"],
  },
];
