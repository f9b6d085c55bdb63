import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import type { Pki, TlsOptions } from "@cellplane/apiserver";
import { renewCertificates } from "./renew-certificates.ts";

const dayMs = 24 * 3600 * 1000;
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function pkiUntil(renewAtMs: number, certificate: string): Pki {
  const pair = { certificate, key: "key" };
  return { ca: "ca", server: pair, admin: pair, renewAtMs } as unknown as Pki;
}

describe("renewCertificates()", () => {
  it("takes the new certificate into use when the old one is near its end, however long that is", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
    const used: TlsOptions[] = [];
    const asked = Promise.withResolvers<void>();
    using _renewal = renewCertificates({
      server: { reloadTls: (tls) => used.push(tls) },
      pki: pkiUntil(300 * dayMs, "old"),
      ensure: () => {
        asked.resolve();
        return Promise.resolve(pkiUntil(600 * dayMs, "new"));
      },
      nowMs: Date.now,
      logger: silent,
    });
    for (let day = 0; day < 299; day++) t.mock.timers.tick(dayMs);
    equal(used.length, 0);
    for (let day = 0; day < 22; day++) t.mock.timers.tick(dayMs);
    await asked.promise;
    await Promise.resolve();
    deepEqual(used, [{ key: "key", cert: "new", clientCa: "ca" }]);
  });
});
