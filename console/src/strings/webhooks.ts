/** Words of webhooks. */
export const w = {
  title: 'Webhooks',
  intro: 'Programs that are told of alerts, by a signed request.',
  nothing: 'A webhook is told of each alert from a severity on.',
  create: 'New webhook',
  columns: { name: 'Webhook', url: 'Address', from: 'Alerts from', made: 'Made', actions: 'Actions' },
  form: {
    name: 'Name',
    url: 'Address',
    urlHint: 'https, or http on the machine itself. Requests go to exactly this.',
    from: 'Alerts from this severity on',
  },
  secret: (name: string) => `The secret of ${name}`,
  secretNext: 'Each request is signed with it: the receiver checks the signature, as written in docs/admin/webhooks.md.',
  edit: 'Change the webhook',
  changed: 'The webhook is changed.',
  test: 'Send a test',
  tested: { sent: 'The receiver took the test.', waiting: 'The receiver did not take it yet: it is tried again.', failed: 'The receiver refused the test.', cancelled: 'The test was not sent.' },
  remove: {
    title: 'Delete the webhook?',
    text: 'It is told nothing more. What waits for it fails.',
    done: 'The webhook is deleted.',
  },
  messages: 'What was sent to webhooks stands in the outbox',
} as const;
