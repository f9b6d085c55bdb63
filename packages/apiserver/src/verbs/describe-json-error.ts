/** Why a text is no JSON, in the words of Go's decoder. Only for texts that `parseJson` refuses. */
export function describeJsonError(text: string): string {
  const scan = new Scan(text);
  try {
    scan.value();
    scan.space();
    if (!scan.atEnd()) scan.refuse("after top-level value");
  } catch (error) {
    if (error instanceof SyntaxProblem) return error.message;
    throw error;
  }
  return "unexpected end of JSON input";
}

class SyntaxProblem extends Error {}

const maxDepth = 10_000;

class Scan {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  space(): void {
    while (" \t\r\n".includes(this.#peek() || "x")) this.#at += 1;
  }

  value(): void {
    this.space();
    const char = this.#next("looking for beginning of value");
    if (char === "{") this.#nested(() => this.#object());
    else if (char === "[") this.#nested(() => this.#array());
    else if (char === '"') this.#string();
    else if (char === "-" || isDigit(char)) this.#number(char);
    else if (char === "t") this.#literal("true");
    else if (char === "f") this.#literal("false");
    else if (char === "n") this.#literal("null");
    else this.#back("looking for beginning of value");
  }

  refuse(where: string): never {
    if (this.atEnd()) throw new SyntaxProblem("unexpected end of JSON input");
    throw new SyntaxProblem(`invalid character ${quoteChar(this.#peek())} ${where}`);
  }

  #nested(run: () => void): void {
    this.#depth += 1;
    if (this.#depth > maxDepth) throw new SyntaxProblem("exceeded max depth");
    run();
    this.#depth -= 1;
  }

  #object(): void {
    this.space();
    if (this.#peek() === "}") {
      this.#at += 1;
      return;
    }
    for (;;) {
      this.space();
      if (this.#peek() !== '"') this.refuse("looking for beginning of object key string");
      this.#at += 1;
      this.#string();
      this.space();
      if (this.#peek() !== ":") this.refuse("after object key");
      this.#at += 1;
      this.value();
      this.space();
      const end = this.#next("after object key:value pair");
      if (end === "}") return;
      if (end !== ",") this.#back("after object key:value pair");
    }
  }

  #array(): void {
    this.space();
    if (this.#peek() === "]") {
      this.#at += 1;
      return;
    }
    for (;;) {
      this.value();
      this.space();
      const end = this.#next("after array element");
      if (end === "]") return;
      if (end !== ",") this.#back("after array element");
    }
  }

  #string(): void {
    for (;;) {
      const char = this.#next("in string literal");
      if (char === '"') return;
      if (char === "\\") this.#escape();
      else if (char < " ") this.#back("in string literal");
    }
  }

  #escape(): void {
    const char = this.#next("in string escape code");
    if ('bfnrt\\/"'.includes(char)) return;
    if (char !== "u") this.#back("in string escape code");
    for (let digit = 0; digit < 4; digit += 1) {
      const hex = this.#next("in \\u hexadecimal character escape");
      if (!/[0-9a-fA-F]/.test(hex)) this.#back("in \\u hexadecimal character escape");
    }
  }

  #number(first: string): void {
    let digit = first;
    if (digit === "-") {
      digit = this.#next("in numeric literal");
      if (!isDigit(digit)) this.#back("in numeric literal");
    }
    if (digit !== "0") this.#digits();
    if (this.#peek() === ".") this.#fraction("after decimal point in numeric literal");
    if (this.#peek() === "e" || this.#peek() === "E") {
      this.#at += 1;
      if (this.#peek() === "+" || this.#peek() === "-") this.#at += 1;
      this.#at -= 1;
      this.#fraction("in exponent of numeric literal");
    }
  }

  #fraction(where: string): void {
    this.#at += 1;
    if (!isDigit(this.#peek())) this.refuse(where);
    this.#digits();
  }

  #digits(): void {
    while (isDigit(this.#peek())) this.#at += 1;
  }

  #literal(word: string): void {
    for (const expected of word.slice(1)) {
      const where = `in literal ${word} (expecting ${quoteChar(expected)})`;
      if (this.#next(where) !== expected) this.#back(where);
    }
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #next(where: string): string {
    if (this.atEnd()) this.refuse(where);
    this.#at += 1;
    return this.#text.charAt(this.#at - 1);
  }

  #back(where: string): never {
    this.#at -= 1;
    return this.refuse(where);
  }
}

function isDigit(char: string): boolean {
  return char >= "0" && char <= "9" && char !== "";
}

function quoteChar(char: string): string {
  if (char === "'") return "'\\''";
  if (char === '"') return "'\"'";
  const quoted = JSON.stringify(char).slice(1, -1);
  return `'${quoted}'`;
}
