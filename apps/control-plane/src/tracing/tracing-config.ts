import { readFileSync } from "node:fs";
import { isJsonObject, parseYaml } from "@cellplane/apimachinery";
import { ServerError } from "../options/server-error.ts";

/** Where spans go, and which. */
export interface TracingConfig {
  /** `host:port` of a collector's OTLP over gRPC, without TLS: one on the same machine or pod. */
  readonly endpoint: string;
  /** Of a million requests that bring no trace of their own, so many begin one. */
  readonly samplingRatePerMillion: number;
}

const defaultEndpoint = "localhost:4317";
const groups = ["apiserver.config.k8s.io/v1", "apiserver.config.k8s.io/v1beta1"];

/** Reads the file that kube-apiserver takes by the same flag. @throws {ServerError} */
export function readTracingConfig(path: string): TracingConfig {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ServerError(`Cannot read the file of --tracing-config-file: ${why}`);
  }
  return parseTracingConfig(text);
}

/** Parses a `TracingConfiguration`. @throws {ServerError} */
export function parseTracingConfig(text: string): TracingConfig {
  const refuse = (why: string): never => {
    throw new ServerError(`Cannot use the tracing configuration as ${why}`);
  };
  let parsed: unknown;
  try {
    parsed = parseYaml(text);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  if (!isJsonObject(parsed)) return refuse("it is no object");
  const {
    apiVersion,
    kind,
    endpoint = defaultEndpoint,
    samplingRatePerMillion = 0,
    ...others
  } = parsed;
  if (typeof apiVersion !== "string" || !groups.includes(apiVersion)) {
    return refuse(`apiVersion must be ${groups.join(" or ")}`);
  }
  if (kind !== "TracingConfiguration") return refuse('kind must be "TracingConfiguration"');
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return refuse(`${unknown}: unknown field`);
  if (typeof endpoint !== "string" || !/^[^\s/]+:\d+$/.test(endpoint)) {
    return refuse(`endpoint: Invalid value: ${JSON.stringify(endpoint)}: must be HOST:PORT`);
  }
  if (
    typeof samplingRatePerMillion !== "number" ||
    !Number.isInteger(samplingRatePerMillion) ||
    samplingRatePerMillion < 0 ||
    samplingRatePerMillion > 1_000_000
  ) {
    return refuse(
      `samplingRatePerMillion: Invalid value: ${JSON.stringify(samplingRatePerMillion)}: must be a whole number from 0 to 1000000`,
    );
  }
  return { endpoint, samplingRatePerMillion };
}
