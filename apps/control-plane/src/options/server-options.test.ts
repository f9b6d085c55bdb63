import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import {
  checkTunnelOptions,
  parseDatastore,
  parseFrontend,
  parseListen,
  parseLogLevel,
  parseStripes,
} from "./server-options.ts";

describe("parseDatastore()", () => {
  it("takes what there is", () => {
    for (const text of ["sqlite", "memory", "sqlite:/tmp/store.db", "mysql://u@h:3306/db"]) {
      equal(parseDatastore(text), text);
    }
  });

  it("refuses others, and never shows a password", () => {
    const secret = /s3cret/;
    for (const [text, why] of [
      ["postgres://u:s3cret@h/db", /must be one of sqlite, memory, sqlite:PATH, mysql:/],
      ["sqlite:", /must be one of/],
      ["mysql://u:s3cret@h", /must name one database/],
      ["mysql://u:s3cret@h/db?password=s3cret", /unknown parameter "password"/],
      ["mysql://h/db", /names no user/],
      ["mysql://u:s3cret@h/db?ssl-cert=/nowhere/s3cret.pem", /cannot be read/],
    ] as const) {
      throws(
        () => parseDatastore(text),
        ({ message }: Error) => {
          equal(why.test(message), true, message);
          equal(secret.test(message.replaceAll("s3cret.pem", "")), false, message);
          return true;
        },
      );
    }
  });
});

describe("parseStripes()", () => {
  it("takes whole numbers from 1 to 16, and nothing else", () => {
    equal(parseStripes("1"), 1);
    equal(parseStripes("16"), 16);
    for (const text of ["0", "17", "1.5", "two", ""]) {
      throws(() => parseStripes(text), /must be a number from 1 to 16/);
    }
  });
});

describe("parseListen()", () => {
  it("says which option is not HOST:PORT", () => {
    deepEqual(parseListen("[::1]:8091", "--tunnel-listen"), { host: "::1", port: 8091 });
    throws(() => parseListen("cp.example.com", "--tunnel-advertise"), /as --tunnel-advertise must/);
    throws(() => parseFrontend("nowhere"), /as --tunnel-frontends must/);
  });
});

describe("checkTunnelOptions()", () => {
  it("refuses what is said of a tunnel that there is not", () => {
    const tunnelListen = { host: "127.0.0.1", port: 0 };
    const more = { tunnelAdvertise: { host: "cp", port: 1 }, tunnelStripes: 2 };
    checkTunnelOptions({});
    checkTunnelOptions({ tunnelListen, ...more });
    throws(
      () => checkTunnelOptions(more),
      /--tunnel-advertise and --tunnel-stripes goes with --tunnel-listen/,
    );
    throws(() => checkTunnelOptions({ tunnelFrontends: [] }), /--tunnel-frontends goes with/);
  });
});

describe("parseLogLevel()", () => {
  it("takes the four that there are", () => {
    equal(parseLogLevel("debug"), "debug");
    throws(() => parseLogLevel("loud"), /must be debug, info, warn or error: it is "loud"/);
  });
});
