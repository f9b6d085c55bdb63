import { empty, healthCheckResponse } from "@cellplane/etcd-api";
import { type GrpcHandler, handleUnary } from "@cellplane/grpc";

const serving = 1;

/** `grpc.health.v1.Health/Check`: whoever is answered is served. */
export function createHealthService(): readonly GrpcHandler[] {
  const path = "/grpc.health.v1.Health/Check";
  const method = { kind: "unary", path, request: empty, response: healthCheckResponse } as const;
  return [handleUnary(method, () => ({ status: serving }))];
}
