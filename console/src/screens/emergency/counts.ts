/** What an emergency revocation would reach, counted before anybody decides. */
import { api, ask } from '../../api/client';

/** Pages of 500 keys: beyond these it is said that there are more. */
const MAX_PAGES = 20;

export interface Counts {
  keys: number;
  users: number;
  /** Whether there are more than were counted. */
  more: boolean;
}

export async function counts(now: number): Promise<Counts> {
  const users = new Set<string>();
  let keys = 0;
  let cursor: string | null = null;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const query: { limit: number; cursor?: string } = cursor ? { limit: 500, cursor } : { limit: 500 };
    const answer = await ask(api.GET('/api/v1/keys', { params: { query } }));
    for (const key of answer.items) {
      if (!key.active || key.revoked_at || (key.expires_at && Date.parse(key.expires_at) <= now)) continue;
      keys += 1;
      users.add(key.user_id);
    }
    cursor = answer.next_cursor;
    if (!cursor) break;
  }
  return { keys, users: users.size, more: cursor !== null };
}
