/** Words of the first run. */
export const f = {
  title: 'First run',
  intro: 'From nothing to a working agent: a user, what it may do, a key, and the client.',
  steps: { user: '1. Connect Odoo', profile: '2. What it may do', key: '3. The key', client: '4. The client', call: '5. The first call' },

  user: {
    text: 'Whom the agent acts for in Odoo: best a user of its own. Odoo is asked now whether the login is right. Lictor keeps it encrypted, and agents never see it.',
    existing: 'Take a user that is there',
    fresh: 'Connect another login',
    database: 'Database',
    login: 'Login',
    secret: 'Password or API key',
    secretHint: 'An API key of that user is best: in Odoo under My Profile, Account Security.',
    privileged: 'It may be an administrator of Odoo',
    privilegedHint: 'Not advised: whatever gets past the permissions could do everything.',
    action: 'Connect',
    take: 'Take it',
    connected: (name: string) => `Connected: ${name}.`,
  },

  profile: {
    text: 'Begin with what the job needs; a refusal tells what is missing, and can be opened from there.',
    action: 'Take this',
    done: (name: string) => `The profile ${name}.`,
    there: 'there already',
  },

  key: {
    text: 'The key stands in the client where a password or API key stood.',
    name: 'Name',
    nameUsual: 'first agent',
    action: 'Make the key',
    once: 'Shown this once. It is in the snippet below, too.',
    done: (name: string) => `The key ${name}.`,
    lost: 'The key is not shown again. Regenerate it on its page if it was not kept.',
    page: 'Its page',
  },

  client: {
    text: 'Point the client at the gate, not at Odoo.',
    gate: 'Address of the gate',
    gateHint: 'Where Envoy listens, as the client reaches it. cargo xtask up prints it.',
    which: 'Client',
    kinds: { claude: 'Claude Desktop', mcpServerOdoo: 'mcp-server-odoo', odooMcp: 'odoo-mcp', n8n: 'n8n', python: 'Python', curl: 'curl' },
    where: {
      claude: 'In claude_desktop_config.json, with mcp-server-odoo:',
      mcpServerOdoo: 'In a shell:',
      odooMcp: 'In a shell:',
      n8n: 'In the credential of the Odoo node:',
      python: 'A first call from anywhere:',
      curl: 'A first call from a shell (Odoo 19):',
    },
  },

  call: {
    waiting: 'Waiting for the first call…',
    text: 'It is shown here as soon as the gate has reported it: within seconds.',
    seen: 'The first call came.',
    allowed: 'It was allowed. The agent works.',
    refused: 'It was refused. See why, and open what is missing:',
    why: 'Why was this refused?',
    look: 'Look at it',
    overview: 'To the overview',
  },
} as const;
