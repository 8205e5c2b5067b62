/** Words of sessions. */
export const s = {
  title: 'Sessions',
  nothing: 'A session begins with a key’s first call from an address.',
  noAgent: 'no User-Agent',
  columns: { address: 'Address', agent: 'Client', started: 'Began', seen: 'Last call', requests: 'Calls', state: 'State' },
  states: { active: 'active', expired: 'expired', terminated: 'terminated' },
  terminate: 'Terminate',
  terminated: 'Terminated: the key is refused from that address until the session’s time is over.',
} as const;
