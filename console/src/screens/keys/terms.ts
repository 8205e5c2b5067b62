/** A key's terms as a form has them, and its state as a word. */
import type { Schemas } from '../../api/client';
import { k } from '../../strings/keys';

export type Key = Schemas['Key'];
export type Operation = Schemas['Operation'];

export interface Terms {
  name: string;
  user_id: string;
  profiles: string[];
  scopes: Operation[];
  models: string[];
  ip_allow_list: string[];
  rate_limit_per_minute: number | null;
  session_limit: number | null;
  expires_at: string | null;
}

const DAY = 86_400_000;
/** A key that ends within so many milliseconds is pointed out. */
const SOON = 14 * DAY;

/** A new key ends in 90 days if nobody says otherwise: what is forgotten closes itself. */
export function fresh(now: number): Terms {
  return {
    name: '',
    user_id: '',
    profiles: [],
    scopes: [],
    models: [],
    ip_allow_list: [],
    rate_limit_per_minute: null,
    session_limit: null,
    expires_at: inDays(90, now),
  };
}

/** A moment so many days from now, to the second. */
export function inDays(days: number, now: number): string {
  return new Date(Math.floor((now + days * DAY) / 1000) * 1000).toISOString();
}

/** The terms of a key that is there. */
export function termsOf(key: Key): Terms {
  const { name, user_id, rate_limit_per_minute, session_limit, expires_at } = key;
  return {
    name,
    user_id,
    profiles: [...(key.profiles ?? [])],
    scopes: [...(key.scopes ?? [])],
    models: [...(key.models ?? [])],
    ip_allow_list: [...(key.ip_allow_list ?? [])],
    rate_limit_per_minute: rate_limit_per_minute ?? null,
    session_limit: session_limit ?? null,
    expires_at: expires_at ?? null,
  };
}

export interface State {
  word: string;
  kind: 'plain' | 'good' | 'warn' | 'bad';
  usable: boolean;
}

/** Whether a key works, as the gates see it at this moment. */
export function stateOf(key: Key, now: number): State {
  const { states } = k;
  const ends = key.expires_at ? Date.parse(key.expires_at) : Number.POSITIVE_INFINITY;
  if (key.revoked_at) return { word: states.revoked, kind: 'bad', usable: false };
  if (ends <= now) return { word: states.expired, kind: 'bad', usable: false };
  if (!key.active) return { word: states.inactive, kind: 'warn', usable: false };
  if (key.rotated_to) return { word: states.replaced, kind: 'warn', usable: true };
  if (ends <= now + SOON) return { word: states.ending, kind: 'warn', usable: true };
  return { word: states.active, kind: 'good', usable: true };
}
