import { coreRules } from "./core-rules.ts";
import type { RulesByResource } from "./kind-rules.ts";
import { otherRules } from "./other-rules.ts";
import { workloadRules } from "./workload-rules.ts";

/** What differs for any built-in resource, by `<group>/<resource>`. */
export const builtinRules: RulesByResource = { ...coreRules, ...workloadRules, ...otherRules };
