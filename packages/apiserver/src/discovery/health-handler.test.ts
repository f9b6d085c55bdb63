import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { ask } from "./discovery-fixture.suite.ts";
import { createHealthHandler } from "./health-handler.ts";

describe("createHealthHandler()", () => {
  it("answers ok, and one line a check when verbose", async () => {
    const handler = createHealthHandler({
      checks: [{ name: "etcd", check: () => {} }],
      isShuttingDown: () => false,
    });
    equal((await ask(handler, "/livez")).body, "ok");
    equal((await ask(handler, "/livez/etcd")).body, "ok");
    equal((await ask(handler, "/livez/nope")).status, 404);
    equal(
      (await ask(handler, "/readyz?verbose&exclude=ping&exclude=x")).body,
      "[+]ping excluded: ok\n[+]log ok\n[+]etcd ok\n[+]shutdown ok\n" +
        'warn: some health checks cannot be excluded: no matches for "x"\nreadyz check passed\n',
    );
  });

  it("fails with the reason withheld", async () => {
    const failures: unknown[] = [];
    const handler = createHealthHandler({
      checks: [{ name: "etcd", check: () => Promise.reject(new Error("secret")) }],
      isShuttingDown: () => false,
      onFailure: (check) => failures.push(check),
    });
    const answer = await ask(handler, "/healthz");
    equal(answer.status, 500);
    equal(
      answer.body,
      "[+]ping ok\n[+]log ok\n[-]etcd failed: reason withheld\nhealthz check failed\n",
    );
    deepEqual(failures, ["etcd"]);
  });

  it("is alive but not ready while it shuts down", async () => {
    const handler = createHealthHandler({ checks: [], isShuttingDown: () => true });
    equal((await ask(handler, "/readyz")).status, 500);
    equal((await ask(handler, "/livez")).status, 200);
  });
});
