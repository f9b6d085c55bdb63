import { deepEqual, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { parseTracingConfig, readTracingConfig } from "./tracing-config.ts";

const head = "apiVersion: apiserver.config.k8s.io/v1\nkind: TracingConfiguration\n";

describe("parseTracingConfig()", () => {
  it("reads what kube-apiserver reads, and fills in the same defaults", () => {
    deepEqual(parseTracingConfig(head), { endpoint: "localhost:4317", samplingRatePerMillion: 0 });
    deepEqual(parseTracingConfig(`${head}endpoint: c:1\nsamplingRatePerMillion: 100\n`), {
      endpoint: "c:1",
      samplingRatePerMillion: 100,
    });
  });

  it("names the field that is wrong", () => {
    const refused = (text: string, why: RegExp): void =>
      throws(() => parseTracingConfig(text), why);
    refused("[", /as .*(flow|end of the stream)/);
    refused("kind: TracingConfiguration", /apiVersion must be/);
    refused(head.replace("Tracing", "Other"), /kind must be/);
    refused(
      `${head}endpoint: http://c`,
      /endpoint: Invalid value: "http:\/\/c": must be HOST:PORT/,
    );
    refused(`${head}samplingRatePerMillion: 1.5`, /samplingRatePerMillion: Invalid value: 1\.5/);
    refused(`${head}sampling: 1`, /sampling: unknown field/);
    throws(() => readTracingConfig("/nowhere"), /--tracing-config-file: ENOENT/);
  });
});
