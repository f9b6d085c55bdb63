import { equal, match } from "node:assert/strict";
import { describe, it } from "node:test";
import { explainLost } from "./explain-lost.ts";

describe("explainLost()", () => {
  it("says what to look at", () => {
    for (const [why, hint] of [
      [
        "Cannot connect to https://cp:8091: self-signed certificate in certificate chain",
        /ca\.crt/,
      ],
      ["Cannot connect to https://cp:8091: unable to verify the first certificate", /ca\.crt/],
      ["Cannot connect to https://cp:8091: certificate is not yet valid", /clock/],
      ["Cannot connect to https://cp:8091: certificate has expired", /clock/],
      [
        "Hostname/IP does not match certificate's altnames: Host: x. is not in the cert's altnames: DNS:y",
        /--tunnel-advertise/,
      ],
      ["The server answered HTTP 403", /--tunnel-listen/],
    ] as const) {
      const told = explainLost(why);
      equal(told.startsWith(`${why}; `), true, told);
      match(told, hint);
    }
  });

  it("leaves alone what says it all", () => {
    const why = "Cannot connect to https://cp:8091: connect ECONNREFUSED 10.0.0.1:8091";
    equal(explainLost(why), why);
  });
});
