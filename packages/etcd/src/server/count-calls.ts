import { type GrpcHandler, isGrpcError, type StatusName } from "@cellplane/grpc";
import type { MetricRegistry } from "@cellplane/metrics";

/** Counts calls by method and status, under the names that dashboards of etcd look for. */
export function countCalls(
  handlers: readonly GrpcHandler[],
  metrics: MetricRegistry,
): readonly GrpcHandler[] {
  const handled = metrics.counter({
    name: "grpc_server_handled_total",
    help: "Calls that have ended, by method and status.",
    labels: ["grpc_service", "grpc_method", "grpc_code"],
  });
  return handlers.map(({ method, run }) => {
    const [, grpc_service = "", grpc_method = ""] = method.path.split("/");
    const count = (status: StatusName): void =>
      handled.add({ grpc_service, grpc_method, grpc_code: codeName(status) });
    return {
      method,
      run: async (streams, call) => {
        try {
          await run(streams, call);
        } catch (error) {
          count(isGrpcError(error) ? error.status : "INTERNAL");
          throw error;
        }
        count("OK");
      },
    };
  });
}

/** `DEADLINE_EXCEEDED` as `DeadlineExceeded`. */
function codeName(status: StatusName): string {
  if (status === "OK") return "OK";
  return status
    .split("_")
    .map((word) => `${word.slice(0, 1)}${word.slice(1).toLowerCase()}`)
    .join("");
}
