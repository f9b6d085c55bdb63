import {
  type FieldError,
  forbiddenField,
  invalid,
  isJsonEqual,
  type JsonObject,
  parseJson,
  required,
  tooLong,
} from "@cellplane/apimachinery";
import { stringAt, stringMapAt, valueAt } from "../plain/plain.ts";
import { checkImmutable } from "./checks.ts";
import { brokenConfigKey } from "./names.ts";

/** The most that a ConfigMap or Secret may hold, in bytes. */
const maxDataBytes = 1_048_576;

/** core/v1 ConfigMap. */
export function validateConfigMap(object: JsonObject): FieldError[] {
  const data = stringMapAt(object, "data");
  const binary = stringMapAt(object, "binaryData");
  const keys = Object.keys(data).flatMap((key) => {
    const both = binary[key] !== undefined;
    return [
      ...brokenKey("data", key),
      ...(both ? [invalid(`data[${key}]`, key, "duplicate of key present in binaryData")] : []),
    ];
  });
  const bytes =
    sum(Object.values(data).map((value) => Buffer.byteLength(value))) +
    sum(Object.values(binary).map(decodedBytes));
  return [
    ...keys,
    ...Object.keys(binary).flatMap((key) => brokenKey("binaryData", key)),
    ...(bytes > maxDataBytes ? [tooLong("", maxDataBytes)] : []),
  ];
}

/** An immutable ConfigMap changes in its metadata only. */
export function validateConfigMapUpdate(object: JsonObject, old: JsonObject): FieldError[] {
  return validateFrozen(object, old, ["data", "binaryData"]);
}

/** core/v1 Secret: keys, size, and what its type asks for. */
export function validateSecret(object: JsonObject): FieldError[] {
  const data = stringMapAt(object, "data");
  const bytes = sum(Object.values(data).map(decodedBytes));
  return [
    ...Object.keys(data).flatMap((key) => brokenKey("data", key)),
    ...(bytes > maxDataBytes ? [tooLong("data", maxDataBytes)] : []),
    ...validateSecretType(object, data),
  ];
}

/** The type of a Secret stays; an immutable one changes in its metadata only. */
export function validateSecretUpdate(object: JsonObject, old: JsonObject): FieldError[] {
  return [
    ...checkImmutable("type", object["type"], old["type"]),
    ...validateFrozen(object, old, ["data"]),
  ];
}

const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
};

function validateSecretType(
  object: JsonObject,
  data: Readonly<Record<string, string>>,
): FieldError[] {
  const type = stringAt(object, "type");
  switch (type) {
    case "kubernetes.io/service-account-token": {
      const name = "kubernetes.io/service-account.name";
      const given = stringAt(object, "metadata", "annotations", name) !== "";
      return given ? [] : [required(`metadata.annotations[${name}]`)];
    }
    case "kubernetes.io/dockercfg":
      return validateJsonKey(data, ".dockercfg");
    case "kubernetes.io/dockerconfigjson":
      return validateJsonKey(data, ".dockerconfigjson");
    case "kubernetes.io/basic-auth": {
      const given = data["username"] !== undefined || data["password"] !== undefined;
      return given ? [] : [required("data[username]"), required("data[password]")];
    }
    default:
      return (requiredKeys[type] ?? [])
        .filter((key) => data[key] === undefined)
        .map((key) => required(`data[${key}]`));
  }
}

function validateJsonKey(data: Readonly<Record<string, string>>, key: string): FieldError[] {
  const value = data[key];
  if (value === undefined) return [required(`data[${key}]`)];
  try {
    parseJson(Buffer.from(value, "base64").toString("utf8"));
    return [];
  } catch {
    return [
      invalid(
        `data[${key}]`,
        "<secret contents redacted>",
        "invalid character '}' looking for beginning of value",
      ),
    ];
  }
}

function validateFrozen(
  object: JsonObject,
  old: JsonObject,
  members: readonly string[],
): FieldError[] {
  if (old["immutable"] !== true) return [];
  const rule = "field is immutable when `immutable` is set";
  const thawed = object["immutable"] === true ? [] : [forbiddenField("immutable", rule)];
  const changed = members.filter((name) => !isJsonEqual(valueAt(object, name), valueAt(old, name)));
  return [...thawed, ...changed.map((name) => forbiddenField(name, rule))];
}

function brokenKey(member: string, key: string): FieldError[] {
  const broken = brokenConfigKey(key);
  return broken === undefined ? [] : [invalid(`${member}[${key}]`, key, broken)];
}

function decodedBytes(base64: string): number {
  return Math.floor((base64.replace(/=+$/, "").length * 3) / 4);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
