import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { labelSelectorFromObject, parseLabelSelector } from "./label-selector.ts";

const objects = {
  a: { t: "1", env: "prod" },
  b: { t: "1", env: "dev", tier: "1" },
  c: { t: "1", env: "qa", tier: "2" },
};

function selected(text: string): readonly string[] {
  const selector = parseLabelSelector(text);
  return Object.entries(objects)
    .filter(([, labels]) => selector.matches(labels))
    .map(([name]) => name);
}

describe("parseLabelSelector()", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["", ["a", "b", "c"]],
    ["env=prod", ["a"]],
    ["env==prod", ["a"]],
    ["t,env!=prod", ["b", "c"]],
    ["env in (prod,qa)", ["a", "c"]],
    ["env in ( prod , qa )", ["a", "c"]],
    ["t,env notin (prod,qa)", ["b"]],
    ["tier", ["b", "c"]],
    ["t,!tier", ["a"]],
    ["tier>1", ["c"]],
    ["tier<2", ["b"]],
    ["t,nope!=x", ["a", "b", "c"]],
    ["nope notin (x)", ["a", "b", "c"]],
    ["t=", []],
    ["env in ()", []],
  ];
  for (const [text, expected] of cases) {
    it(`selects [${expected.join(", ")}] by "${text}"`, () => deepEqual(selected(text), expected));
  }

  const errors: readonly (readonly [string, string])[] = [
    ["env in prod", "unable to parse requirement: found 'prod' expected: '('"],
    ["a=b=c", "found '=', expected: ',' or 'end of string'"],
    ["bad key", "unable to parse requirement: found 'key', expected: in, notin, =, ==, !=, gt, lt"],
    ["x=not valid!", "found 'valid', expected: ',' or 'end of string'"],
    [
      "tier gt x",
      "unable to parse requirement: found 'gt', expected: in, notin, =, ==, !=, gt, lt",
    ],
    [",", "found ',', expected: !, identifier, or 'end of string'"],
    ["a,", "found '', expected: identifier after ','"],
    ["!", "unable to parse requirement: found '', expected: identifier"],
    [
      "a>x",
      `unable to parse requirement: values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer`,
    ],
  ];
  for (const [text, message] of errors) {
    it(`refuses "${text}"`, () => {
      throws(() => parseLabelSelector(text), { name: "SelectorError", message });
    });
  }

  it("is canonical as a text", () => {
    equal(String(parseLabelSelector("z==1,a in (y,x),!b,c>5")), "a in (x,y),!b,c>5,z==1");
  });
});

describe("labelSelectorFromObject()", () => {
  it("takes labels and expressions together", () => {
    const selector = labelSelectorFromObject({
      matchLabels: { t: "1" },
      matchExpressions: [
        { key: "env", operator: "NotIn", values: ["prod"] },
        { key: "tier", operator: "Exists" },
      ],
    });
    equal(String(selector), "env notin (prod),t=1,tier");
    equal(selector.matches(objects.b), true);
    equal(selector.matches(objects.a), false);
  });

  it("selects everything when empty, and nothing when absent", () => {
    equal(labelSelectorFromObject({}).matches(undefined), true);
    equal(labelSelectorFromObject({}).empty, true);
    equal(labelSelectorFromObject(undefined).matches({ a: "b" }), false);
    equal(labelSelectorFromObject(null).nothing, true);
  });

  it("refuses an operator that there is not", () => {
    const expression = { key: "a", operator: "Gt", values: ["1"] };
    throws(() => labelSelectorFromObject({ matchExpressions: [expression] }), {
      message: '"Gt" is not a valid label selector operator',
    });
  });
});
