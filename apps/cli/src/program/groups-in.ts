/**
 * The groups that names such as `widgets.example.com` or `deployments.v1.apps` may mean, to be asked
 * for where a server has no list of its groups; the core group is "".
 */
export function groupsIn(names: readonly string[]): readonly string[] {
  const groups = names.flatMap((name) => {
    const [, first = "", ...rest] = name.split(".");
    const whole = [first, ...rest].join(".");
    return /^v\d/.test(first) && rest.length > 0 ? [whole, rest.join(".")] : [whole];
  });
  return Array.from(new Set(groups));
}
