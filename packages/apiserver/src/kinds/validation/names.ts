import { type FieldError, invalid, required } from "@cellplane/apimachinery";

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const labelPattern = new RegExp(`^${label}$`);
const subdomainPattern = new RegExp(`^${label}(\\.${label})*$`);
const dns1035Pattern = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const configKeyPattern = /^[-._a-zA-Z0-9]+$/;
const qualifiedPart = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

const labelRule = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${label}')`;
const subdomainRule = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${label}(\\.${label})*')`;
const dns1035Rule =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const configKeyRule =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
const qualifiedRule =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/** The rule of an object's name; `prefix` for a `generateName`. */
export type NameRule = (name: string, prefix: boolean) => string | undefined;

/** DNS subdomain, what most names are. */
export const subdomainName: NameRule = (name, prefix) => brokenSubdomain(whole(name, prefix));

/** DNS label: Namespaces (which may not hold dots), Services, LimitRanges of old. */
export const labelName: NameRule = (name, prefix) => brokenLabel(whole(name, prefix));

/** One segment of a path: RBAC, FlowSchemas' like. */
export const pathSegmentName: NameRule = (name, prefix) => {
  if (!prefix && (name === "." || name === "..")) return `may not be '${name}'`;
  const wrong = ["/", "%"].find((each) => name.includes(each));
  return wrong === undefined ? undefined : `may not contain '${wrong}'`;
};

/** The broken rule of a DNS label of at most 63 characters, if any. */
export function brokenLabel(value: string): string | undefined {
  if (value.length > 63) return "must be no more than 63 characters";
  return labelPattern.test(value) ? undefined : labelRule;
}

/** The broken rule of a DNS subdomain of at most 253 characters, if any. */
export function brokenSubdomain(value: string): string | undefined {
  if (value.length > 253) return "must be no more than 253 characters";
  return subdomainPattern.test(value) ? undefined : subdomainRule;
}

/** The broken rule of a DNS-1035 label, if any. */
export function brokenDns1035(value: string): string | undefined {
  if (value.length > 63) return "must be no more than 63 characters";
  return dns1035Pattern.test(value) ? undefined : dns1035Rule;
}

/** The broken rule of a key of a ConfigMap or Secret, if any. */
export function brokenConfigKey(key: string): string | undefined {
  if (key.length > 253) return "must be no more than 253 characters";
  if (!configKeyPattern.test(key)) return configKeyRule;
  if (key === "." || key === "..") return `must not be '${key}'`;
  return key.startsWith("..") ? "must not start with '..'" : undefined;
}

/** The broken rules of a qualified name such as `example.com/name`. */
export function brokenQualifiedName(name: string): readonly string[] {
  const parts = name.split("/");
  if (parts.length > 2) {
    return [
      `a qualified name ${qualifiedRule.slice("name part ".length)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const local = parts.at(-1) ?? "";
  const prefix = parts.length === 2 ? (parts[0] ?? "") : undefined;
  const broken: string[] = [];
  if (prefix === "") broken.push("prefix part must be non-empty");
  else if (prefix !== undefined) {
    const rule = brokenSubdomain(prefix);
    if (rule !== undefined) broken.push(`prefix part ${rule}`);
  }
  if (local === "") broken.push("name part must be non-empty");
  else if (local.length > 63) broken.push("name part must be no more than 63 characters");
  if (!qualifiedPart.test(local)) broken.push(qualifiedRule);
  return broken;
}

/** The broken rules of a label's value. */
export function brokenLabelValue(value: string): readonly string[] {
  if (value === "") return [];
  const broken: string[] = [];
  if (value.length > 63) broken.push("must be no more than 63 characters");
  if (!qualifiedPart.test(value)) {
    broken.push(
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    );
  }
  return broken;
}

/** A name that must be there and follow a rule. */
export function requireName(
  path: string,
  value: string,
  rule: (value: string) => string | undefined,
): readonly FieldError[] {
  if (value === "") return [required(path)];
  const broken = rule(value);
  return broken === undefined ? [] : [invalid(path, value, broken)];
}

/** A prefix may end in a dash: the generated suffix follows it. */
function whole(name: string, prefix: boolean): string {
  return prefix && name.length > 1 && name.endsWith("-") ? `${name.slice(0, -2)}a` : name;
}
