/** Everything that the console says that several screens say, or the frame. A screen's own words are in the file of its area. */

export const t = {
  product: 'Lictor',
  never: 'never',
  none: 'none',
  yes: 'yes',
  no: 'no',
  all: 'all',
  roles: { user: 'user', manager: 'manager', admin: 'admin' },
  actors: { system: 'Lictor', nobody: 'nobody' },
  skip: 'Skip to the content',

  async: {
    loading: 'Loading…',
    again: 'Try again',
    clear: 'Clear the filters',
    nothing: 'Nothing yet',
    nothingFound: 'Nothing with these filters',
  },

  table: {
    next: 'Next page',
    previous: 'Previous page',
    first: 'First page',
    selectAll: 'Select all of this page',
    select: (what: string) => `Select ${what}`,
    selected: (count: number) => `${count} selected`,
    sortBy: (what: string) => `Sort by ${what}`,
    shown: (count: number, more: boolean) => `${count}${more ? ' of more' : ''} shown`,
  },

  actions: {
    cancel: 'Cancel',
    close: 'Close',
    save: 'Save',
    create: 'Create',
    remove: 'Delete',
    copy: 'Copy',
    copied: 'Copied',
    edit: 'Edit',
    refresh: 'Refresh',
    apply: 'Apply',
    dismiss: 'Dismiss',
    retry: 'Try again',
    open: 'Open',
  },

  confirm: {
    type: (text: string) => `Type ${text} to go on`,
    leave: 'Leave without saving? What was changed here is lost.',
  },

  conflict: {
    title: 'Somebody else has changed this meanwhile',
    text: 'Nothing was saved. What you have filled in is kept: load what it is now, look at it, and save again.',
    load: 'Load what it is now',
    loaded: 'This is what it is now, with what you have filled in.',
  },

  secret: {
    once: 'This is shown once. Lictor keeps only its hash, and cannot show it again.',
    stored: 'I have stored it',
  },

  copyOf: (what: string) => `Copy ${what}`,

  inForce: {
    asking: 'Saved. Asking the gates…',
    at: (count: number, of: number) => `In force at ${count} of ${of} ${of === 1 ? 'gate' : 'gates'}`,
    noGates: 'Saved. No gate is connected: it is in force as soon as one is.',
    unknown: 'Saved. The service does not say which gates have it.',
    since: 'since',
  },

  time: {
    utc: 'UTC',
    local: 'local',
    zone: 'Times are shown in',
    past: (text: string) => `${text} ago`,
    future: (text: string) => `in ${text}`,
    justNow: 'just now',
  },

  theme: { title: 'Theme', system: 'As the system', light: 'Light', dark: 'Dark' },

  pause: {
    running: 'Calls pass',
    paused: (count: number) => (count === 1 ? 'One pause' : `${count} pauses`),
    allPaused: 'All calls paused',
    title: 'Pause',
    explain: 'A pause stops calls at every gate at once, until it is ended. Keys, sessions and counts stay as they are.',
    current: 'In force',
    scope: 'Stop',
    scopes: { all: 'all calls', user: 'the calls of one user', model: 'the calls to one model', writes: 'writes only' },
    target: { user: 'User', model: 'Model' },
    reason: 'Reason',
    reasonHint: 'Agents are told it, and it stands in the administrators’ log.',
    start: 'Pause now',
    end: 'End the pause',
    by: 'by',
    unknown: 'State unknown',
    started: 'Paused.',
    ended: 'The pause has ended.',
  },

  signIn: {
    title: 'Sign in',
    name: 'Account',
    password: 'Password',
    submit: 'Sign in',
    other: 'Other ways to sign in',
    endedTitle: 'Your session has ended',
    ended: 'Sign in again to go on. What you have filled in is kept.',
    out: 'Sign out',
    signedInAs: (name: string, role: string) => `${name}, ${role}`,
    noSession: 'Lictor does not answer',
  },

  password: {
    change: 'Change the password',
    current: 'Present password',
    wanted: 'New password',
    hint: 'At least 12 characters.',
    changed: 'The password is changed.',
  },

  nav: {
    title: 'Screens',
    menu: 'Menu',
    watch: 'Watch',
    access: 'Access',
    system: 'System',
    overview: 'Overview',
    audit: 'Audit',
    alerts: 'Alerts',
    sessions: 'Sessions',
    keys: 'Keys',
    profiles: 'Profiles',
    users: 'Users',
    schema: 'Schema',
    firstRun: 'First run',
    gates: 'Gates',
    settings: 'Settings',
    jobs: 'Jobs',
    outbox: 'Outbox',
    webhooks: 'Webhooks',
    accounts: 'Accounts',
    adminAudit: 'Administrators’ log',
    emergency: 'Emergency',
  },

  notFound: { title: 'No such screen', text: 'The address leads nowhere. It may be of an older version of the console.' },
  forbidden: {
    title: 'Not for your role',
    text: (needed: string) => `This screen needs the role ${needed}. An administrator can change the role of an account.`,
  },
  failedScreen: 'This screen could not be loaded. The service may have been updated: load the page again.',
  reload: 'Load the page again',
} as const;
