import { equal, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { negotiate, type Offer } from "./media-type.ts";

const offer: Offer = { encodings: ["json", "yaml", "protobuf"], available: "a, b" };
const table = "application/json;as=Table;v=v1;g=meta.k8s.io";

function chosen(accept: string | undefined): string {
  const { encoding, shape, metaVersion } = negotiate(accept, offer);
  return shape === "object" ? encoding : `${encoding} ${shape} ${metaVersion}`;
}

describe("negotiate()", () => {
  it("answers JSON to who does not care", () => {
    for (const accept of [undefined, "", "*/*", "application/*", "application/json"]) {
      equal(chosen(accept), "json");
    }
  });

  it("takes the first that it can, by quality", () => {
    equal(chosen("application/yaml, application/json"), "yaml");
    equal(chosen("application/vnd.kubernetes.protobuf,application/json"), "protobuf");
    equal(chosen("text/html, application/json;q=0.5"), "json");
    equal(chosen("application/yaml;q=0.1, application/json"), "json");
  });

  it("shapes a Table or PartialObjectMetadata, and falls back where it cannot", () => {
    equal(chosen(`${table},application/json`), "json table v1");
    equal(chosen(table.replace("v=v1", "v=v1beta1")), "json table v1beta1");
    equal(chosen(`${table.replace("v=v1", "v=v9")},application/json`), "json");
  });

  it("refuses with the types there are, unknown ones with what is available", () => {
    const types = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
    throws(() => negotiate(table.replace("Table", "Other"), offer), {
      code: 406,
      message: `only the following media types are accepted: ${types}`,
    });
    throws(() => negotiate("image/png", offer), {
      message: "406: Not Acceptable\n\nAvailable representations: a, b",
    });
  });
});
