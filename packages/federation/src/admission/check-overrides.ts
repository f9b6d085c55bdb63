import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalid,
  type KubernetesObject,
  notSupported,
  required,
} from "@cellplane/apimachinery";
import type { OverridePatch } from "../api/federated-object.ts";
import { refusedOverridePaths } from "../template/overrides.ts";
import { checkSelector, checkTopologyName } from "./check-selection.ts";
import { type OverrideEntry, overridesIn, type ViewWords, viewWordsOf } from "./view-words.ts";

const operations = ["add", "remove", "replace"];
const pointer = /^(\/([^~/]|~[01])*)*$/;
// Who an object is, is decided by the federated object alone.
const identity = new Set([...refusedOverridePaths, "/apiVersion", "/metadata", ""]);

/** Checks `spec.overrides`: whom they are for, and that they can be applied. */
export function checkOverrides(object: KubernetesObject): readonly FieldError[] {
  const words = viewWordsOf(object);
  const seen = new Set<string>();
  return overridesIn(object).flatMap((entry, index) => {
    const path = `spec.overrides[${index}]`;
    const key = `${entry.source ?? ""}/${entry.name}`;
    const repeated = entry.name !== undefined && seen.has(key);
    seen.add(key);
    if (repeated) return [duplicate(`${path}.${words.name}`, entry.name)];
    return [...checkWhom(object, entry, path), ...checkPatches(entry, path, words)];
  });
}

function checkWhom(
  object: KubernetesObject,
  { name, selector }: OverrideEntry,
  path: string,
): readonly FieldError[] {
  const words = viewWordsOf(object);
  if (name === undefined && selector === undefined) {
    return [required(`${path}.${words.name}`, `either ${words.name} or ${words.selector}`)];
  }
  if (name !== undefined && selector !== undefined) {
    const detail = `may not be given together with ${words.name}`;
    return [forbiddenField(`${path}.${words.selector}`, detail)];
  }
  return name === undefined
    ? checkSelector(`${path}.${words.selector}`, selector)
    : checkTopologyName(object, `${path}.${words.name}`, name);
}

function checkPatches(
  { patches }: OverrideEntry,
  path: string,
  words: ViewWords,
): readonly FieldError[] {
  const seen = new Set<string>();
  return patches.flatMap((patch, index) => {
    const at = `${path}.${words.overrides}[${index}]`;
    if (seen.has(patch.path)) return [duplicate(`${at}.path`, patch.path)];
    seen.add(patch.path);
    return checkPatch(patch, at);
  });
}

function checkPatch({ op = "", path }: OverridePatch, at: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (op !== "" && !operations.includes(op)) errors.push(notSupported(`${at}.op`, op, operations));
  if (typeof path !== "string") return [...errors, required(`${at}.path`)];
  if (!pointer.test(path)) {
    const detail = "must be a JSON pointer: empty, or parts that each begin with '/'";
    errors.push(invalid(`${at}.path`, path, detail));
  } else if (identity.has(path)) {
    const detail =
      "name, namespace, kind and apiVersion may not be overridden, nor what holds them";
    errors.push(invalid(`${at}.path`, path, detail));
  }
  return errors;
}
