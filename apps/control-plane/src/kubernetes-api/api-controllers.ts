import {
  type Controller,
  createDefaultServiceAccountController,
  createEventCleaner,
  createGarbageCollectorController,
  createNamespaceController,
  createRoleAggregationController,
  createRootCaController,
  type ErrorReporter,
} from "@cellplane/controllers";
import type { RestClient } from "@cellplane/client";

/** The controllers that any Kubernetes API needs to be whole. */
export function createApiControllers(deps: {
  readonly client: RestClient;
  readonly caBundle: string;
  readonly nowMs: () => number;
  readonly onError: ErrorReporter;
}): readonly Controller[] {
  return [
    createNamespaceController(deps),
    createGarbageCollectorController(deps),
    createDefaultServiceAccountController(deps),
    createRootCaController(deps),
    createRoleAggregationController(deps),
    createEventCleaner(deps),
  ];
}
