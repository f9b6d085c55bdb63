const dns1123LabelPattern = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const dns1123SubdomainPattern = `${dns1123LabelPattern}(\\.${dns1123LabelPattern})*`;
const dns1035LabelPattern = "[a-z]([-a-z0-9]*[a-z0-9])?";
const qualifiedNamePattern = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const labelValuePattern = `(${qualifiedNamePattern})?`;

const dns1123Label = new RegExp(`^${dns1123LabelPattern}$`);
const dns1123Subdomain = new RegExp(`^${dns1123SubdomainPattern}$`);
const dns1035Label = new RegExp(`^${dns1035LabelPattern}$`);
const qualifiedName = new RegExp(`^${qualifiedNamePattern}$`);
const labelValue = new RegExp(`^${labelValuePattern}$`);

const encoder = new TextEncoder();

/** Why a name is not a label of RFC 1123 (at most 63 characters), in Kubernetes' words; nothing if it is. */
export function validateDns1123Label(name: string): string | undefined {
  return firstOf(dns1123LabelErrors(name));
}

/** Why a name is not a subdomain of RFC 1123 (at most 253 characters), in Kubernetes' words. */
export function validateDns1123Subdomain(name: string): string | undefined {
  return firstOf(dns1123SubdomainErrors(name));
}

/** Why a name is not a label of RFC 1035 (as of 1123, but begins with a letter), in Kubernetes' words. */
export function validateDns1035Label(name: string): string | undefined {
  return firstOf(dns1035LabelErrors(name));
}

/** Why a key is not a qualified name (`[prefix/]name`), in Kubernetes' words. */
export function validateQualifiedName(key: string): string | undefined {
  return firstOf(qualifiedNameErrors(key));
}

/** Why a text is not a label's value, in Kubernetes' words. */
export function validateLabelValue(value: string): string | undefined {
  return firstOf(labelValueErrors(value));
}

/** Why a name cannot be a segment of a path, in Kubernetes' words. `prefix`: more will be appended to it. */
export function validatePathSegmentName(name: string, prefix = false): string | undefined {
  if (!prefix && (name === "." || name === "..")) return `may not be '${name}'`;
  for (const part of ["/", "%"]) {
    if (name.includes(part)) return `may not contain '${part}'`;
  }
  return undefined;
}

/** All that is wrong with a label of RFC 1123: its length, then its form. */
export function dns1123LabelErrors(name: string): readonly string[] {
  return [
    ...tooLongErrors(name, 63, "characters"),
    ...formErrors(
      dns1123Label.test(name),
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
      dns1123LabelPattern,
      ["my-name", "123-abc"],
    ),
  ];
}

/** All that is wrong with a subdomain of RFC 1123: its length, then its form. */
export function dns1123SubdomainErrors(name: string): readonly string[] {
  return [
    ...tooLongErrors(name, 253, "characters"),
    ...formErrors(
      dns1123Subdomain.test(name),
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
      dns1123SubdomainPattern,
      ["example.com"],
    ),
  ];
}

/** All that is wrong with a label of RFC 1035: its length, then its form. */
export function dns1035LabelErrors(name: string): readonly string[] {
  return [
    ...tooLongErrors(name, 63, "characters"),
    ...formErrors(
      dns1035Label.test(name),
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
      dns1035LabelPattern,
      ["my-name", "abc-123"],
    ),
  ];
}

/** All that is wrong with a qualified name: its prefix first, then its name. */
export function qualifiedNameErrors(key: string): readonly string[] {
  const parts = key.split("/");
  if (parts.length > 2) {
    const rule = formErrors(
      false,
      "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
      qualifiedNamePattern,
      ["MyName", "my.name", "123-abc"],
    );
    return rule.map(
      (text) => `${text} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    );
  }
  const [prefix, name] = parts.length === 2 ? parts : [undefined, key];
  return [...prefixErrors(prefix), ...namePartErrors(name ?? "")];
}

/** All that is wrong with a label's value: its length, then its form. */
export function labelValueErrors(value: string): readonly string[] {
  return [
    ...tooLongErrors(value, 63, "bytes"),
    ...formErrors(
      labelValue.test(value),
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
      labelValuePattern,
      ["MyValue", "my_value", "12345"],
    ),
  ];
}

function prefixErrors(prefix: string | undefined): readonly string[] {
  if (prefix === undefined) return [];
  if (prefix === "") return ["prefix part must be non-empty"];
  return dns1123SubdomainErrors(prefix).map(
    (text) => `prefix part ${text.replace(/ characters$/, " bytes")}`,
  );
}

function namePartErrors(name: string): readonly string[] {
  if (name === "") {
    return ["name part must be non-empty", ...nameFormErrors(name)];
  }
  return [
    ...tooLongErrors(name, 63, "bytes").map((text) => `name part ${text}`),
    ...nameFormErrors(name),
  ];
}

function nameFormErrors(name: string): readonly string[] {
  return formErrors(
    qualifiedName.test(name),
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    qualifiedNamePattern,
    ["MyName", "my.name", "123-abc"],
  );
}

// Kubernetes counts bytes everywhere, but says "characters" of DNS names.
function tooLongErrors(
  text: string,
  maxBytes: number,
  unit: "bytes" | "characters",
): readonly string[] {
  if (text.length * 3 <= maxBytes || encoder.encode(text).length <= maxBytes) return [];
  return [`must be no more than ${maxBytes} ${unit}`];
}

// oxlint-disable-next-line max-params -- the parts of one sentence
function formErrors(
  isGood: boolean,
  rule: string,
  pattern: string,
  examples: readonly string[],
): readonly string[] {
  if (isGood) return [];
  const shown = examples.map((each) => `'${each}'`).join(",  or ");
  return [`${rule} (e.g. ${shown}, regex used for validation is '${pattern}')`];
}

function firstOf(errors: readonly string[]): string | undefined {
  return errors.length === 0 ? undefined : errors.join(", ");
}
