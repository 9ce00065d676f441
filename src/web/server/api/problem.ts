/** An answer that is not what was asked for. */
export class Problem extends Error {
  readonly status: 400 | 401 | 404 | 405 | 409 | 413 | 429 | 503;
  /** Seconds to wait before asking again. */
  readonly retryAfter: number | null;

  constructor(status: Problem["status"], message: string, retryAfter: number | null = null) {
    super(message);
    this.name = "Problem";
    this.status = status;
    this.retryAfter = retryAfter;
  }
}
