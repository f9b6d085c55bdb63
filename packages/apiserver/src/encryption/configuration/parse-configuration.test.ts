import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { formatDuration, parseDurationMs } from "./duration.ts";
import { parseConfiguration } from "./parse-configuration.ts";
import { validateConfiguration } from "./validate-configuration.ts";

const head = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n";
const secret = Buffer.alloc(32, 7).toString("base64");
const keys = `{keys: [{name: a, secret: ${secret}}]}`;

/** The broken rules of one entry. */
function problemsOf(resources: string, providers: string): readonly string[] {
  const text = `${head}resources:\n- resources: ${resources}\n  providers: ${providers}\n`;
  return validateConfiguration(parseConfiguration(text)).map(
    ({ field, message }) => `${field}: ${message}`,
  );
}

describe("parseConfiguration()", () => {
  it("reads every provider, and gives a key service three seconds", () => {
    const kms = "{apiVersion: v2, name: vault, endpoint: unix:///kms.sock}";
    const text = `${head}resources:\n- resources: [secrets, '*.apps']\n  providers: [{aesgcm: ${keys}}, {kms: ${kms}}, {identity: {}}]\n`;
    deepEqual(parseConfiguration(text), {
      resources: [
        {
          resources: ["secrets", "*.apps"],
          providers: [
            { aesgcm: { keys: [{ name: "a", secret }] } },
            {
              kms: {
                apiVersion: "v2",
                name: "vault",
                endpoint: "unix:///kms.sock",
                timeoutMs: 3000,
              },
            },
            { identity: {} },
          ],
        },
      ],
    });
  });

  const refusals = [
    [
      "kind: Secret\napiVersion: v1\n",
      /^ConfigurationError: no kind "Secret" is registered for version "v1"$/,
    ],
    ["apiVersion: v1\n", /Object 'Kind' is missing/],
    [`${head}extra: 1\n`, /strict decoding error: unknown field "extra"/],
    [
      `${head}resources: [{resources: [secrets], provider: []}]\n`,
      /unknown field "resources\[0\]\.provider"/,
    ],
    [`${head}resources: hidden\n`, /^ConfigurationError: resources is no list$/],
    [`${head}resources: [{resources: [1]}]\n`, /resources\[0\]\.resources\[0\] is no string/],
    [`${head}resources: {hidden: [\n`, /^ConfigurationError: it is no YAML(?:, line \d+)?$/],
  ] as const;
  for (const [text, expected] of refusals) {
    it(`refuses in words without what stands there: ${expected.source}`, () => {
      throws(() => parseConfiguration(text), expected);
    });
  }
});

describe("validateConfiguration()", () => {
  const one = "[{identity: {}}]";
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ["[secrets, '*.apps', pandas.awesome.example]", `[{aescbc: ${keys}}, {identity: {}}]`, []],
    [
      "[]",
      one,
      ["resources[0].resources: Required value: at least one resources[0].resources is required"],
    ],
    [
      "[secrets]",
      "[]",
      ["resources[0].providers: Required value: at least one resources[0].providers is required"],
    ],
    [
      "[secrets, secrets]",
      one,
      [
        'resources[0].resources: Invalid value: ["secrets","secrets"]: the same resource cannot be specified multiple times',
      ],
    ],
    [
      "[secrets, '*.']",
      one,
      [
        `resources[0].resources: Invalid value: ["secrets","*."]: using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked`,
      ],
    ],
    [
      "[deployments.apps, '*.*']",
      one,
      [
        `resources[0].resources: Invalid value: ["deployments.apps","*.*"]: using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked`,
      ],
    ],
    [
      "['*']",
      one,
      [
        `resources[0].resources[0]: Invalid value: "*": use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources`,
      ],
    ],
    [
      "[Secrets]",
      one,
      [
        'resources[0].resources[0]: Invalid value: "Secrets": resource name should not contain capital letters',
      ],
    ],
    [
      "['secrets.*']",
      one,
      [
        'resources[0].resources[0]: Invalid value: "secrets.*": encrypting the same resource across groups is not supported',
      ],
    ],
    [
      "[serviceipallocations]",
      one,
      [
        'resources[0].resources[0]: Invalid value: "serviceipallocations": resources which do not have REST API/s cannot be encrypted',
      ],
    ],
    [
      "[events.events.k8s.io]",
      one,
      [
        `resources[0].resources[0]: Invalid value: "events.events.k8s.io": '*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file`,
      ],
    ],
    [
      "[ingresses.extensions]",
      one,
      [
        `resources[0].resources[0]: Invalid value: "ingresses.extensions": 'extensions' group has been removed and cannot be used for encryption`,
      ],
    ],
    [
      "[secrets]",
      "[{aesgcm: {keys: []}}]",
      ["resources[0].providers[0].aesgcm.keys: Required value: at least one keys is required"],
    ],
    [
      "[secrets]",
      "[{aesgcm: {keys: [{name: '', secret: ''}]}}]",
      [
        "resources[0].providers[0].aesgcm.keys[0].name: Required value: name is a mandatory field for a key",
        "resources[0].providers[0].aesgcm.keys[0].secret: Required value: secret is a mandatory field for a key",
      ],
    ],
    [
      "[secrets]",
      "[{secretbox: {keys: [{name: a, secret: aGlkZGVu}]}}]",
      [
        'resources[0].providers[0].secretbox.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 6, expected one of [32]',
      ],
    ],
    [
      "[secrets]",
      "[{aescbc: {keys: [{name: a, secret: hidden!}]}}]",
      [
        'resources[0].providers[0].aescbc.keys[0].secret: Invalid value: "REDACTED": secrets must be base64 encoded',
      ],
    ],
    [
      "[secrets]",
      "[{}]",
      [
        "resources[0].providers[0]: Invalid value: []: provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity",
      ],
    ],
    [
      "[secrets]",
      `[{aesgcm: ${keys}, identity: {}}]`,
      [
        'resources[0].providers[0]: Invalid value: ["aesgcm","identity"]: more than one provider specified in a single element, should split into different list elements',
      ],
    ],
    [
      "[secrets]",
      "[{kms: {apiVersion: v2, name: 'a:b', endpoint: 'unix:///k'}}]",
      [
        `resources[0].providers[0].kms.name: Invalid value: "a:b": invalid KMS provider name a:b, must not contain ':'`,
      ],
    ],
    [
      "[secrets]",
      "[{kms: {apiVersion: v2, name: a, endpoint: 'https://k'}}]",
      [
        'resources[0].providers[0].kms.endpoint: Invalid value: "https://k": unsupported scheme "https" for KMS provider, only unix is supported',
      ],
    ],
    [
      "[secrets]",
      "[{kms: {apiVersion: v2, name: a, endpoint: 'unix:///k', timeout: -1s}}]",
      [
        'resources[0].providers[0].kms.timeout: Invalid value: "-1s": timeout should be a positive value',
      ],
    ],
    [
      "[secrets]",
      "[{kms: {apiVersion: v2, name: a, endpoint: 'unix:///k', cachesize: 5}}]",
      [
        "resources[0].providers[0].kms.cachesize: Invalid value: 5: cachesize is not supported in v2",
      ],
    ],
    [
      "[secrets]",
      "[{kms: {name: a, endpoint: 'unix:///k'}}]",
      [
        'resources[0].providers[0].kms.apiVersion: Invalid value: "v1": KMS v1 is not supported, use v2',
      ],
    ],
    [
      "[secrets]",
      "[{kms: {apiVersion: v2, name: a, endpoint: 'unix:///k'}}, {kms: {apiVersion: v2, name: a, endpoint: 'unix:///l'}}]",
      [
        'resources[0].providers[1].kms.name: Invalid value: "a": duplicate KMS provider name a, names must be unique',
      ],
    ],
  ];
  for (const [resources, providers, expected] of cases) {
    it(`says of ${resources} by ${providers.replaceAll(secret, "…")}: ${expected.length === 0 ? "nothing" : (expected[0] ?? "")}`, () => {
      deepEqual(problemsOf(resources, providers), expected);
    });
  }

  it("asks for at least one entry", () => {
    const [problem] = validateConfiguration({ resources: [] });
    equal(problem?.message, "Required value: at least one resources is required");
  });
});

describe("parseDurationMs()", () => {
  it("reads Go's durations, and prints them again", () => {
    for (const [text, ms] of [
      ["3s", 3000],
      ["1m30s", 90_000],
      ["250ms", 250],
      ["1h0m5s", 3_605_000],
      ["-1s", -1000],
      ["0s", 0],
    ] as const) {
      equal(parseDurationMs(text), ms);
      equal(formatDuration(ms), text);
    }
    equal(parseDurationMs("3"), undefined);
  });
});
