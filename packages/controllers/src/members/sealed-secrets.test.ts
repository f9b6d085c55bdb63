import { deepEqual, equal, match } from "node:assert/strict";
import { describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import { KmsError, sealedCredential } from "@cellplane/kms";
import { type OpenSecret, SealedSecrets } from "./sealed-secrets.ts";

function secretOf(resourceVersion: string, data: Record<string, string>): KubernetesObject {
  const metadata = { name: "hz-a-credential", namespace: "system", uid: "u", resourceVersion };
  return { apiVersion: "v1", kind: "Secret", type: sealedCredential.type, metadata, data };
}

// A seal of version 1 under the key id "k1"; what opens it is the test's own.
const seal = Buffer.concat([
  Buffer.from("cellplane:seal:"),
  Buffer.from([8, 1, 18, 2, 0x6b, 0x31]),
]);
const sealed = { sealed: seal.toString("base64") };

function changes(open: OpenSecret | undefined): {
  readonly secrets: SealedSecrets;
  readonly next: () => Promise<string>;
} {
  let changed = Promise.withResolvers<string>();
  const secrets = new SealedSecrets(open, (cluster) => changed.resolve(cluster));
  return {
    secrets,
    next: async () => {
      const cluster = await changed.promise;
      changed = Promise.withResolvers();
      return cluster;
    },
  };
}

describe("SealedSecrets", () => {
  it("leaves a Secret that is not sealed as it is", () => {
    using secrets = new SealedSecrets(undefined, () => {});
    const plain = { ...secretOf("1", { token: "dA==" }), type: "Opaque" };
    deepEqual(secrets.view("hz-a", plain), { kind: "readable", secret: plain });
    deepEqual(secrets.view("hz-a", undefined), { kind: "readable", secret: undefined });
  });

  it("opens a sealed one once for each version of it, for its own cluster", async () => {
    const asked: unknown[] = [];
    const { secrets, next } = changes(async (_data, of) => {
      asked.push(of);
      return { token: "dA==" };
    });
    using _ = secrets;
    equal(secrets.view("hz-a", secretOf("1", sealed)).kind, "opening");
    equal(await next(), "hz-a");
    const view = secrets.view("hz-a", secretOf("1", sealed));
    deepEqual(view.kind === "readable" && view.secret?.["data"], { token: "dA==" });
    deepEqual(asked, [{ namespace: "system", name: "hz-a-credential", cluster: "hz-a" }]);
    equal(secrets.view("hz-a", secretOf("2", sealed)).kind, "opening");
    await next();
    equal(asked.length, 2);
  });

  it("says which key is missing where there is none", async () => {
    const { secrets, next } = changes(undefined);
    using _ = secrets;
    secrets.view("hz-a", secretOf("1", sealed));
    await next();
    const view = secrets.view("hz-a", secretOf("1", sealed));
    match(view.kind === "closed" ? view.message : "", /under the key id "k1".*has no key/);
  });

  it("tries again, and never tells what a foreign error says", async ({ mock }) => {
    mock.timers.enable({ apis: ["setTimeout"] });
    const failures: Error[] = [new KmsError("Unavailable", "away"), new Error("the token is abc")];
    const { secrets, next } = changes(async () => {
      const failure = failures.shift();
      if (failure) throw failure;
      return { token: "dA==" };
    });
    using _ = secrets;
    const view = (): ReturnType<typeof secrets.view> => secrets.view("hz-a", secretOf("1", sealed));
    view();
    await next();
    deepEqual(view(), {
      kind: "closed",
      message:
        'Secret "hz-a-credential" is sealed under the key id "k1" and cannot be opened: away',
      isRetryable: true,
    });
    mock.timers.tick(1000);
    await next();
    const second = view();
    match(second.kind === "closed" ? second.message : "", /opened: its content is not readable$/);
    mock.timers.tick(2000);
    await next();
    equal(view().kind, "readable");
  });
});
