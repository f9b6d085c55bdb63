import { type MessageType } from "../codec/codec.ts";
import { field } from "../codec/fields.ts";
import { bytes, int64, text } from "../codec/kinds.ts";
import { messageType } from "../codec/message-type.ts";
import type {
  BidiMethod,
  ClientStreamMethod,
  ServerStreamMethod,
  UnaryMethod,
} from "../wire/method.ts";

/** The one message of the service that the tests call. */
export interface Note {
  readonly text: string;
  readonly number: number;
  readonly payload: Uint8Array;
}

/** Its type on the wire. */
export const note: MessageType<Note> = messageType<Note>({
  text: field(1, text),
  number: field(2, int64),
  payload: field(3, bytes),
});

const both = { request: note, response: note };

/** Answers with the note; "fail" fails, "wait" waits until it is cancelled. */
export const say: UnaryMethod<Note, Note> = { kind: "unary", path: "/test.Notes/Say", ...both };
/** Answers with all texts joined, and the sum of the numbers. */
export const collect: ClientStreamMethod<Note, Note> = {
  kind: "clientStream",
  path: "/test.Notes/Collect",
  ...both,
};
/** Answers with notes 1 … `number`, each with the payload; then fails if the text is "fail". */
export const count: ServerStreamMethod<Note, Note> = {
  kind: "serverStream",
  path: "/test.Notes/Count",
  ...both,
};
/** Answers every note with itself, as long as the client sends; "stop" ends the call. */
export const chat: BidiMethod<Note, Note> = { kind: "bidi", path: "/test.Notes/Chat", ...both };
