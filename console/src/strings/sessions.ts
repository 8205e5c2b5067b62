/** Words of sessions. */
export const s = {
  title: 'Sessions',
  intro: 'One line of keys, used from one client. It begins with a call and ends with silence.',
  nothing: 'A session begins with a key’s first call from an address.',
  noAgent: 'no User-Agent',
  columns: { key: 'Key', address: 'Address', agent: 'Client', started: 'Began', seen: 'Last call', requests: 'Calls', state: 'State' },
  states: { active: 'active', expired: 'expired', terminated: 'terminated' },
  filters: { title: 'Filters of sessions', state: 'State', key: 'Key', address: 'Address', agent: 'Client' },
  terminate: 'Terminate',
  terminateTitle: 'Terminate the session?',
  terminateText: 'Its key is refused from that address until the session’s time is over. The key itself stays: revoke it if somebody else has it.',
  terminated: 'Terminated: the key is refused from that address until the session’s time is over.',
} as const;
