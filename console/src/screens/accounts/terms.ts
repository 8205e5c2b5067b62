/** What a form says of an account. */
import type { Schemas } from '../../api/client';

export interface Terms {
  name: string;
  role: Schemas['Role'];
  active: boolean;
}

export function termsOf({ name, role, active }: Schemas['Account']): Terms {
  return { name, role, active };
}

export const EMPTY: Terms = { name: '', role: 'user', active: true };
