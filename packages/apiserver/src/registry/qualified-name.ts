const subdomainPattern = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const subdomain = new RegExp(`^${subdomainPattern}$`);
const namePattern = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const namePart = new RegExp(`^${namePattern}$`);
const valuePattern = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";
const labelValue = new RegExp(`^${valuePattern}$`);
const maxPartLength = 63;
const maxSubdomainLength = 253;

const subdomainRule =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', " +
  "and must start and end with an alphanumeric character " +
  `(e.g. 'example.com', regex used for validation is '${subdomainPattern}')`;
const nameRule =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
  "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', " +
  `regex used for validation is '${namePattern}')`;
const valueRule =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', " +
  "and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or " +
  `'12345', regex used for validation is '${valuePattern}')`;

/** What is wrong with a DNS subdomain, in Kubernetes' words; empty: nothing. */
export function checkSubdomain(value: string): readonly string[] {
  const errors: string[] = [];
  if (Buffer.byteLength(value) > maxSubdomainLength) {
    errors.push(`must be no more than ${maxSubdomainLength} bytes`);
  }
  if (!subdomain.test(value)) errors.push(subdomainRule);
  return errors;
}

/** What is wrong with a label key, annotation key or finalizer. */
export function checkQualifiedName(value: string): readonly string[] {
  const parts = value.split("/");
  if (parts.length > 2) {
    return [
      `a qualified name ${nameRule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const name = parts.at(-1) ?? "";
  const prefix = parts.length === 2 ? parts[0] : undefined;
  return [...checkPrefix(prefix), ...checkNamePart(name)];
}

/** What is wrong with a label's value. */
export function checkLabelValue(value: string): readonly string[] {
  const errors: string[] = [];
  if (Buffer.byteLength(value) > maxPartLength) {
    errors.push(`must be no more than ${maxPartLength} bytes`);
  }
  if (!labelValue.test(value)) errors.push(valueRule);
  return errors;
}

function checkPrefix(prefix: string | undefined): readonly string[] {
  if (prefix === undefined) return [];
  if (prefix === "") return ["prefix part must be non-empty"];
  return checkSubdomain(prefix).map((error) => `prefix part ${error}`);
}

function checkNamePart(name: string): readonly string[] {
  const errors: string[] = [];
  if (name === "") errors.push("name part must be non-empty");
  else if (Buffer.byteLength(name) > maxPartLength) {
    errors.push(`name part must be no more than ${maxPartLength} bytes`);
  }
  if (!namePart.test(name)) errors.push(`name part ${nameRule}`);
  return errors;
}
