import { deepEqual, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { formatContinueToken, parseContinueToken } from "./continue-token.ts";

describe("parseContinueToken()", () => {
  it("reads what formatContinueToken() writes", () => {
    const token = { revision: 267, start: "ns/a\0" };
    deepEqual(parseContinueToken(formatContinueToken(token)), token);
  });

  it("refuses what is no token, in Kubernetes' words", () => {
    const head = "invalid continue token: continue key is not valid: ";
    throws(() => parseContinueToken("garbage"), {
      code: 400,
      message: `${head}invalid character '\\u0081' looking for beginning of value`,
    });
    throws(() => parseContinueToken("!"), {
      message: `${head}illegal base64 data at input byte 0`,
    });
  });
});
