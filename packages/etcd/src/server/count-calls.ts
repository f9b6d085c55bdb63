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
  return handlers.map(({ method, run, unary }) => {
    const [, grpc_service = "", grpc_method = ""] = method.path.split("/");
    const well = { grpc_service, grpc_method, grpc_code: "OK" };
    const countWell = (): void => handled.add(well);
    const countFailure = (error: unknown): void => {
      const status = isGrpcError(error) ? error.status : "INTERNAL";
      handled.add({ ...well, grpc_code: codeName(status) });
    };
    return {
      method,
      run: (streams, call) => {
        const over = run(streams, call);
        over.then(countWell, countFailure);
        return over;
      },
      ...(unary && {
        unary: (request, call) => {
          const response = Promise.try(unary, request, call);
          response.then(countWell, countFailure);
          return response;
        },
      }),
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
