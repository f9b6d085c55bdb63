import { equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { explainUnreachable } from "./explain-unreachable.ts";

describe("explainUnreachable()", () => {
  it("names the alert instead of OpenSSL's source, and what to do", () => {
    equal(
      explainUnreachable(
        "Connection to https://a:1 lost: 40AB:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:../ssl/rec.c:918:SSL alert number 116\n",
      ),
      'Connection to https://a:1 lost: TLS alert "certificate required"; the cluster asks for a client certificate that it trusts, give ssl-cert and ssl-key',
    );
    equal(
      explainUnreachable("Cannot connect to https://a:1: self-signed certificate"),
      "Cannot connect to https://a:1: self-signed certificate; ssl-ca must name the authority that signed the cluster's certificate",
    );
    equal(
      explainUnreachable("Connection to http://a:1 lost: the server closed it"),
      "Connection to http://a:1 lost: the server closed it; if it serves only TLS, give ssl-ca",
    );
  });

  it("leaves alone what has nothing to do with TLS", () => {
    const text = "Cannot connect to http://a:1: connect ECONNREFUSED 127.0.0.1:1";
    equal(explainUnreachable(text), text);
  });
});
