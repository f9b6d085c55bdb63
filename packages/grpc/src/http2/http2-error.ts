/** HTTP/2's error codes that are used here: RFC 9113, section 7. */
export const errorCodes = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  refused: 7,
  cancel: 8,
  compression: 9,
  enhanceYourCalm: 11,
} as const;

/** A peer that breaks HTTP/2's rules. It ends the connection, or one stream where it names that. */
export class Http2Error extends Error {
  override readonly name = "Http2Error";
  readonly code: number;
  readonly streamId: number | undefined;

  constructor(code: number, message: string, streamId?: number) {
    super(message);
    this.code = code;
    this.streamId = streamId;
  }
}
