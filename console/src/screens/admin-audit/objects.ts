/** Where the record that a change was made to is shown. */
import { names } from '../../state/names.svelte';

interface Shown {
  href: string;
  name: string;
}

/** The screen and the name of an object, by the kind of the action on it. Permissions are named `profile/model`. */
export function shown(action: string, object: string): Shown {
  const id = encodeURIComponent(object);
  // A change of many records at once names their kind.
  if (object === 'keys') return { href: '/keys', name: '' };
  switch (action.split('.')[0]) {
    case 'key':
      return { href: `/keys/${id}`, name: names.key(object) };
    case 'user':
      return { href: `/users/${id}`, name: names.user(object) };
    case 'alert':
      return { href: `/alerts/${id}`, name: '' };
    case 'gate':
      return { href: `/gates/${id}`, name: '' };
    case 'account':
      return { href: '/accounts', name: names.account(object) };
    case 'token':
      return { href: '/accounts?tab=tokens', name: '' };
    case 'webhook':
      return { href: '/webhooks', name: names.webhook(object) };
    case 'settings':
      return { href: '/settings', name: '' };
    case 'profile':
      return { href: `/profiles/${id}`, name: '' };
    default:
      return { href: '', name: '' };
  }
}
