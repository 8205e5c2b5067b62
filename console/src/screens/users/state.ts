/** How a user's credential does, in a word. */
import type { Schemas } from '../../api/client';
import { u } from '../../strings/users';

export function stateOf(user: Schemas['User']): { kind: 'good' | 'warn' | 'bad'; word: string } {
  if (user.refused) return { kind: 'bad', word: u.states[user.refused] };
  return user.upstream.checked_at ? { kind: 'good', word: u.states.ok } : { kind: 'warn', word: u.states.unchecked };
}

/** What a form says of a user. */
export interface Terms {
  name: string;
  email: string | null;
  groups: string[];
  privileged: boolean;
  upstream: { database: string; login: string };
}

export function termsOf(user: Schemas['User']): Terms {
  const { name, email, groups, privileged, upstream } = user;
  return { name, email, groups, privileged, upstream: { database: upstream.database, login: upstream.login } };
}

export const EMPTY: Terms = { name: '', email: null, groups: [], privileged: false, upstream: { database: '', login: '' } };
