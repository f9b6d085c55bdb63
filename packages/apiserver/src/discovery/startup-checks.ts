import type { HealthCheck } from "./health-handler.ts";

/**
 * The checks that clients look for in the verbose answers of Kubernetes' own server. Here they
 * stand for one fact, that start-up is over, however it is divided inside.
 */
const hookNames: readonly string[] = [
  "start-apiserver-admission-initializer",
  "generic-apiserver-start-informers",
  "start-apiextensions-informers",
  "start-apiextensions-controllers",
  "crd-informer-synced",
  "start-system-namespaces-controller",
  "rbac/bootstrap-roles",
  "scheduling/bootstrap-system-priority-classes",
  "start-cluster-authentication-info-controller",
  "start-service-ip-repair-controllers",
  "start-kube-aggregator-informers",
  "apiservice-registration-controller",
  "apiservice-status-local-available-controller",
  "apiservice-status-remote-available-controller",
  "kube-apiserver-autoregistration",
  "apiservice-openapi-controller",
];

/** The start-up checks under Kubernetes' names; all fail until `isStarted`. */
export function createStartupChecks(isStarted: () => boolean): readonly HealthCheck[] {
  const check = (): void => {
    if (!isStarted()) throw new Error("not finished");
  };
  return [
    { name: "informer-sync", endpoints: ["readyz"], check },
    ...hookNames.map((name) => ({ name: `poststarthook/${name}`, check })),
    { name: "autoregister-completion", check },
  ];
}
