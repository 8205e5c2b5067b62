/** Words of the overview. */
export const o = {
  title: 'Overview',
  spans: { title: 'Time', '24h': '24 hours', '7d': '7 days', '30d': '30 days' },
  chart: 'Calls',
  calls: 'calls',
  topKeys: 'Keys with the most calls',
  topModels: 'Models with the most calls',
  topReasons: 'Why calls were refused',
  noCalls: 'No calls in this time.',
  noRefusals: 'Nothing was refused in this time.',
  gone: 'a deleted key',

  alerts: 'Open alerts',
  noAlerts: 'No alert is open.',
  allAlerts: 'All alerts',

  gates: 'Gates',
  noGates: 'No gate has asked for its policy yet.',
  gate: 'Gate',
  policy: 'Policy',
  age: 'Last heard',
  state: 'State',
  revision: (revision: number | null) => (revision === null ? 'none' : `revision ${revision}`),
  connected: 'connected',
  silent: 'silent',
  revoked: 'revoked',
  refused: 'refuses the newest policy',
  missing: (count: number) => `${count} events lost`,
  lost: (count: number) => `${count} filters ended`,

  ending: 'Keys that end within 30 days',
  noneEnding: 'None ends soon.',
  allEnding: 'All of them',

  begin: 'Nothing is set up yet',
  beginText: 'Connect Odoo, make a key and see its first call: five minutes.',
  beginAction: 'Begin',
} as const;
