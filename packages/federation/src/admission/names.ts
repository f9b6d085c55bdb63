import { type FieldError, invalid, required } from "@cellplane/apimachinery";

const dnsLabel = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const labelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const labelMessage =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

/** Whether a text is a DNS label: what cells, joined clusters and tenants' namespaces are named by. */
export function isDnsLabel(text: string): boolean {
  return text.length <= 63 && dnsLabel.test(text);
}

/** Refuses a name that is no DNS label. */
export function checkDnsLabel(field: string, name: string): readonly FieldError[] {
  if (name === "") return [required(field)];
  if (name.length > 63) return [invalid(field, name, "must be no more than 63 characters")];
  return dnsLabel.test(name) ? [] : [invalid(field, name, labelMessage)];
}

/** Whether a text can be a label's value, as topologies of a label are. */
export function isLabelValue(text: string): boolean {
  return text.length <= 63 && labelValue.test(text);
}
