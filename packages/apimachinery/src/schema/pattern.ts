import { RE2JS, RE2JSSyntaxException } from "re2js";

/** A pattern in RE2's syntax, matched anywhere in a text in linear time. */
export interface PatternCheck {
  readonly text: string;
  readonly matches: (value: string) => boolean;
}

/** A pattern that is compiled when it is first asked. */
export function compilePattern(text: string): PatternCheck {
  let compiled: RE2JS | undefined;
  return {
    text,
    matches: (value) => {
      compiled ??= RE2JS.compile(text);
      return compiled.matcher(value).find();
    },
  };
}

/** Why a pattern is not one of RE2, in Go's words; nothing if it is. */
export function findPatternProblem(text: string): string | undefined {
  try {
    RE2JS.compile(text);
    return undefined;
  } catch (error) {
    if (error instanceof RE2JSSyntaxException) return error.message;
    throw error;
  }
}
