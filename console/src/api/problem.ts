/** Errors as the service tells them (RFC 9457), and those of getting there, as one type. */

export class Problem extends Error {
  constructor(
    /** The HTTP status; 0 if there was no answer. */
    readonly status: number,
    /** The stable code; `unreachable` if there was no answer. */
    readonly code: string,
    readonly title: string,
    /** The remedy. */
    readonly detail: string,
    /** The field or parameter that it is about, such as `rate_limit.per_minute`. */
    readonly field: string | null = null,
  ) {
    super(detail || title);
    this.name = 'Problem';
  }

  /** Made of an answer's body, whatever that is. */
  static of(response: Response, body: unknown): Problem {
    const said = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
    const text = (name: string): string => (typeof said[name] === 'string' ? said[name] : '');
    return new Problem(
      response.status,
      text('code') || `http_${response.status}`,
      text('title') || response.statusText || `HTTP ${response.status}`,
      text('detail'),
      text('field') || null,
    );
  }

  /** Made of whatever was thrown. */
  static caught(error: unknown): Problem {
    if (error instanceof Problem) return error;
    if (error instanceof TypeError && /fetch|network/i.test(error.message)) {
      return new Problem(0, 'unreachable', 'Lictor does not answer', 'Is the service running, and this machine connected?');
    }
    const text = error instanceof Error ? error.message : String(error);
    return new Problem(0, 'console', 'The console has failed', text);
  }
}
