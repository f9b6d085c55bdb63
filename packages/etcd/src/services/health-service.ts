import { type GrpcHandler, handleUnary } from "@cellplane/grpc";
import { healthCheckResponse } from "../messages/cluster-messages.ts";
import { empty } from "../messages/shared-messages.ts";

const serving = 1;

/** `grpc.health.v1.Health/Check`: whoever is answered is served. */
export function createHealthService(): readonly GrpcHandler[] {
  const path = "/grpc.health.v1.Health/Check";
  const method = { kind: "unary", path, request: empty, response: healthCheckResponse } as const;
  return [handleUnary(method, () => ({ status: serving }))];
}
