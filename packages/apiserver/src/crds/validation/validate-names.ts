import { dns1035LabelErrors, type FieldError, invalid, required } from "@cellplane/apimachinery";
import type { CrdNames } from "../custom-resource-definition.ts";

/** The names that a spec must have. */
export function validateRequiredNames(names: CrdNames, path: string): readonly FieldError[] {
  return (["plural", "singular", "kind", "listKind"] as const)
    .filter((name) => !names[name])
    .map((name) => required(`${path}.${name}`));
}

/** The form of names, in spec and in status; absent ones pass. */
export function validateNames(names: CrdNames, path: string): readonly FieldError[] {
  const { plural, singular, kind, listKind } = names;
  return [
    ...validateLabel(plural, `${path}.plural`),
    ...validateLabel(singular, `${path}.singular`),
    ...validateMixedCaseLabel(kind, `${path}.kind`),
    ...validateMixedCaseLabel(listKind, `${path}.listKind`),
    ...validateLabels(names.shortNames, `${path}.shortNames`),
    ...(kind && kind === listKind
      ? [invalid(`${path}.listKind`, listKind, "kind and listKind may not be the same")]
      : []),
    ...validateLabels(names.categories, `${path}.categories`),
  ];
}

function validateLabels(
  values: readonly string[] | undefined,
  path: string,
): readonly FieldError[] {
  return (values ?? []).flatMap((value, index) => {
    const problems = dns1035LabelErrors(value);
    return problems.length > 0 ? [invalid(`${path}[${index}]`, value, problems.join(","))] : [];
  });
}

function validateLabel(value: string | undefined, path: string): readonly FieldError[] {
  if (!value) return [];
  const problems = dns1035LabelErrors(value);
  return problems.length > 0 ? [invalid(path, value, problems.join(","))] : [];
}

function validateMixedCaseLabel(value: string | undefined, path: string): readonly FieldError[] {
  if (!value) return [];
  const problems = dns1035LabelErrors(value.toLowerCase());
  if (problems.length === 0) return [];
  const detail = `may have mixed case, but should otherwise match: ${problems.join(",")}`;
  return [invalid(path, value, detail)];
}
