import { deepEqual, equal, match } from "node:assert/strict";
import { describe, it } from "node:test";
import {
  qualifiedNameErrors,
  validateDns1035Label,
  validateDns1123Label,
  validateDns1123Subdomain,
  validateLabelValue,
  validatePathSegmentName,
  validateQualifiedName,
} from "./name-rules.ts";

describe("the rules of names", () => {
  it("take what they should", () => {
    equal(validateDns1123Subdomain("a-1.example.com"), undefined);
    equal(validateDns1123Label("1-a"), undefined);
    equal(validateDns1035Label("a-1"), undefined);
    equal(validateQualifiedName("example.com/My_name.x"), undefined);
    equal(validateLabelValue(""), undefined);
    equal(validateLabelValue("a".repeat(63)), undefined);
    equal(validatePathSegmentName("system:node"), undefined);
    equal(validatePathSegmentName("..", true), undefined);
  });

  it("explain in Kubernetes' words", () => {
    equal(
      validateDns1123Subdomain("BAD"),
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    );
    equal(
      validateDns1123Label("Bad_Name"),
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    );
    equal(
      validateDns1035Label("UP"),
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
    );
    equal(
      validateLabelValue("not valid!"),
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    );
    equal(validatePathSegmentName("a/b"), "may not contain '/'");
    equal(validatePathSegmentName(".."), "may not be '..'");
  });

  it("count the bytes, and call them what Kubernetes calls them", () => {
    equal(validateDns1123Subdomain("a".repeat(254)), "must be no more than 253 characters");
    equal(validateLabelValue("x".repeat(64)), "must be no more than 63 bytes");
  });

  it("tell prefix and name of a key apart", () => {
    const [first, second] = qualifiedNameErrors("bad name/x!");
    match(first ?? "", /^prefix part a lowercase RFC 1123 subdomain/);
    match(second ?? "", /^name part must consist of alphanumeric characters/);
    equal(qualifiedNameErrors("ok/")[0], "name part must be non-empty");
    deepEqual(qualifiedNameErrors("/x"), ["prefix part must be non-empty"]);
    equal(qualifiedNameErrors("a/b/c").length, 1);
  });
});
