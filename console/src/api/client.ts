/**
 * The client of the REST API, typed by its own description. Requests carry the session's cookie and CSRF token; one that
 * comes too late for the session waits until somebody has signed in again, and is then sent once more.
 */
import createClient from 'openapi-fetch';
import { inForce } from '../state/in-force.svelte';
import { session } from '../state/session.svelte';
import type { components, paths } from './openapi';
import { Problem } from './problem';

export type Schemas = components['schemas'];

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

export const api = createClient<paths>({ baseUrl: location.origin, fetch: send });

/** The body of an answer. Throws a `Problem` for any other than a success. */
export async function ask<T>(call: Promise<Answer<T>>): Promise<T> {
  return (await askTagged(call)).value;
}

/** The same with the `ETag`, which the edit of what was read is sent with (`If-Match`). */
export async function askTagged<T>(call: Promise<Answer<T>>): Promise<{ value: T; etag: string }> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (error) {
    throw Problem.caught(error);
  }
  const { data, error, response } = answer;
  if (!response.ok) throw Problem.of(response, error);
  return { value: data as T, etag: response.headers.get('etag') ?? '*' };
}

async function send(request: Request): Promise<Response> {
  const again = request.clone();
  const write = !['GET', 'HEAD'].includes(request.method);
  if (write && session.csrfToken) request.headers.set('X-CSRF-Token', session.csrfToken);
  const response = await fetch(request);
  if (response.status === 401 && !request.url.endsWith('/sign-in') && !request.url.endsWith('/sign-out')) {
    await session.renewed();
    return send(again);
  }
  if (response.status === 403 && write && (await tokenIsOld(response)) && (await session.refresh())) return send(again);
  const revision = response.headers.get('lictor-revision');
  if (write && response.ok && revision) inForce.follow(Number(revision));
  return response;
}

/** Another window has signed in: this one's CSRF token is no longer the cookie's. */
async function tokenIsOld(response: Response): Promise<boolean> {
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => null);
  return Problem.of(response, body).code === 'csrf';
}
