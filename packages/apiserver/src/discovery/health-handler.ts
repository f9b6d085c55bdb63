import type { HttpHandler, HttpRequest, HttpResponse } from "../request/http-handler.ts";
import { answerNoSuchPath, answerText } from "./http-answers.ts";

/** The three health paths. `readyz` is for load balancers, `livez` for supervisors. */
export type HealthEndpoint = "healthz" | "livez" | "readyz";

/** One thing that can be unwell. */
export interface HealthCheck {
  /** As it stands in the verbose answer, e.g. `etcd`. */
  readonly name: string;
  /** Where it counts. Absent: everywhere. */
  readonly endpoints?: readonly HealthEndpoint[];
  /** Throws or rejects where something is wrong; the reason is logged, and withheld from the answer. */
  readonly check: (signal: AbortSignal) => Promise<void> | void;
  /** Whether the reason is answered, too: for messages that hold nothing to hide. */
  readonly tellsReason?: boolean;
}

/** What the health paths stand on. */
export interface HealthDependencies {
  /** Listed in this order, between `ping`, `log` and `shutdown`. */
  readonly checks: readonly HealthCheck[];
  /** From the start of a graceful shutdown on `readyz` fails, so that clients go elsewhere. */
  readonly isShuttingDown: () => boolean;
  /** Told each failed check with what it threw. */
  readonly onFailure?: (check: string, error: unknown) => void;
}

const healthPath = /^\/(healthz|livez|readyz)(?:\/(.+))?$/;

/** Serves `/healthz`, `/livez`, `/readyz` and the paths of their single checks. */
export function createHealthHandler(deps: HealthDependencies): HttpHandler {
  const checks = allChecks(deps);
  return {
    handles: (path) => healthPath.test(path),
    handle: (request) => {
      const match = healthPath.exec(request.path);
      const endpoint = match?.[1];
      if (endpoint !== "healthz" && endpoint !== "livez" && endpoint !== "readyz")
        return answerNoSuchPath();
      const own = checks.filter(({ endpoints }) => endpoints?.includes(endpoint) ?? true);
      const name = match?.[2];
      if (name !== undefined) return answerOne(deps, own, { name, request });
      return answerAll(deps, own, { endpoint, request });
    },
  };
}

function allChecks(deps: HealthDependencies): readonly HealthCheck[] {
  const shutdown: HealthCheck = {
    name: "shutdown",
    endpoints: ["readyz"],
    check: () => {
      if (deps.isShuttingDown()) throw new Error("process is shutting down");
    },
  };
  const well = (name: string): HealthCheck => ({ name, check: () => {} });
  return [well("ping"), well("log"), ...deps.checks, shutdown];
}

async function answerOne(
  deps: HealthDependencies,
  checks: readonly HealthCheck[],
  asked: { readonly name: string; readonly request: HttpRequest },
): Promise<HttpResponse> {
  const check = checks.find(({ name }) => name === asked.name);
  if (!check) return answerNoSuchPath();
  const failure = await findFailure(deps, check, asked.request.signal);
  if (failure !== undefined)
    return answerText(500, `internal server error: ${check.name} check failed\n`);
  return answerText(200, "ok");
}

async function answerAll(
  deps: HealthDependencies,
  checks: readonly HealthCheck[],
  asked: { readonly endpoint: HealthEndpoint; readonly request: HttpRequest },
): Promise<HttpResponse> {
  const { endpoint, request } = asked;
  const excluded = new Set(request.query.getAll("exclude"));
  const lines = await Promise.all(
    checks.map(async (check) => {
      if (excluded.delete(check.name)) return `[+]${check.name} excluded: ok\n`;
      const failure = await findFailure(deps, check, request.signal);
      if (failure === undefined) return `[+]${check.name} ok\n`;
      return `[-]${check.name} failed: ${failure}\n`;
    }),
  );
  const names = Array.from(excluded, (name) => JSON.stringify(name)).join(", ");
  const warning =
    names === "" ? "" : `warn: some health checks cannot be excluded: no matches for ${names}\n`;
  const report = `${lines.join("")}${warning}`;
  if (lines.some((line) => line.startsWith("[-]")))
    return answerText(500, `${report}${endpoint} check failed\n`);
  if (!request.query.has("verbose")) return answerText(200, "ok");
  return answerText(200, `${report}${endpoint} check passed\n`);
}

/** Why a check fails, as it may be answered; `undefined`: it does not. */
async function findFailure(
  deps: HealthDependencies,
  check: HealthCheck,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    await check.check(signal);
    return undefined;
  } catch (error) {
    deps.onFailure?.(check.name, error);
    return check.tellsReason && error instanceof Error ? error.message : "reason withheld";
  }
}
