const kubeVersion = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/;
const stabilities = { alpha: 0, beta: 1, stable: 2 } as const;

interface ParsedVersion {
  readonly stability: number;
  readonly major: number;
  readonly minor: number;
}

/**
 * Orders versions as Kubernetes prefers them, the preferred one first: stable before beta before
 * alpha, higher numbers first, then every other name by the alphabet.
 *
 * @example
 * ["foo1", "v1", "v2beta1", "v10"].sort(compareVersions); // v10, v1, v2beta1, foo1
 */
export function compareVersions(left: string, right: string): number {
  const a = parse(left);
  const b = parse(right);
  if (!a && !b) return left < right ? -1 : left > right ? 1 : 0;
  if (!a) return 1;
  if (!b) return -1;
  return b.stability - a.stability || b.major - a.major || b.minor - a.minor;
}

function parse(version: string): ParsedVersion | undefined {
  const match = kubeVersion.exec(version);
  if (!match) return undefined;
  const word = match[2] === "alpha" || match[2] === "beta" ? match[2] : "stable";
  return {
    stability: stabilities[word],
    major: Number(match[1]),
    minor: Number(match[3] ?? 0),
  };
}
