/**
 * Whether a version of etcd tells progress only after all events up to it: others tell it too early
 * (etcd issue 15220), so that whoever trusts it misses changes. kube-apiserver asks for the same versions.
 */
export function tellsProgress(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = (/^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [])
    .slice(1)
    .map(Number);
  if (major !== 3) return major > 3;
  if (minor < 4) return false;
  if (minor === 4) return patch >= 31;
  return minor > 5 || patch >= 13;
}
