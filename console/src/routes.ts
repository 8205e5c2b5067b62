/** Every screen, with its address, its role and the code that is loaded when it is first opened. */
import type { Component } from 'svelte';
import type { IconName } from './shared/Icon.svelte';
import type { Role } from './state/session.svelte';
import { t } from './strings';

export interface Screen {
  path: string;
  role: Role;
  // Each screen takes the parameters of its own path.
  load: () => Promise<{ default: Component<any> }>;
}

export const screens: readonly Screen[] = [
  { path: '/', role: 'user', load: () => import('./screens/overview/Overview.svelte') },
  { path: '/audit', role: 'user', load: () => import('./screens/audit/Audit.svelte') },
  { path: '/decisions/:id', role: 'user', load: () => import('./screens/audit/Decision.svelte') },
  { path: '/keys', role: 'manager', load: () => import('./screens/keys/Keys.svelte') },
  { path: '/keys/:id', role: 'manager', load: () => import('./screens/keys/Key.svelte') },
  { path: '/profiles', role: 'user', load: () => import('./screens/profiles/Profiles.svelte') },
  { path: '/profiles/suggest', role: 'manager', load: () => import('./screens/profiles/Suggest.svelte') },
  { path: '/first-run', role: 'admin', load: () => import('./screens/first-run/FirstRun.svelte') },
  { path: '/profiles/:id', role: 'user', load: () => import('./screens/profiles/Profile.svelte') },
  { path: '/alerts', role: 'user', load: () => import('./screens/alerts/Alerts.svelte') },
  { path: '/alerts/:id', role: 'user', load: () => import('./screens/alerts/Alert.svelte') },
  { path: '/sessions', role: 'user', load: () => import('./screens/sessions/Sessions.svelte') },
  { path: '/gates', role: 'admin', load: () => import('./screens/gates/Gates.svelte') },
  { path: '/gates/:id', role: 'admin', load: () => import('./screens/gates/Gate.svelte') },
  { path: '/users', role: 'admin', load: () => import('./screens/users/Users.svelte') },
  { path: '/users/:id', role: 'admin', load: () => import('./screens/users/User.svelte') },
  { path: '/settings', role: 'admin', load: () => import('./screens/settings/Settings.svelte') },
  { path: '/jobs', role: 'admin', load: () => import('./screens/jobs/Jobs.svelte') },
  { path: '/outbox', role: 'admin', load: () => import('./screens/outbox/Outbox.svelte') },
  { path: '/webhooks', role: 'admin', load: () => import('./screens/webhooks/Webhooks.svelte') },
  { path: '/accounts', role: 'admin', load: () => import('./screens/accounts/Accounts.svelte') },
  { path: '/administrators-log', role: 'admin', load: () => import('./screens/admin-audit/AdminAudit.svelte') },
  { path: '/emergency', role: 'admin', load: () => import('./screens/emergency/Emergency.svelte') },
  { path: '/schema', role: 'user', load: () => import('./screens/schema/Schema.svelte') },
  { path: '/schema/:model', role: 'user', load: () => import('./screens/schema/Model.svelte') },
];

export interface Entry {
  href: string;
  title: string;
  icon: IconName;
}

/** The navigation; an entry is shown to those who may open its screen. */
export const sections: readonly { title: string; entries: readonly Entry[] }[] = [
  {
    title: t.nav.watch,
    entries: [
      { href: '/', title: t.nav.overview, icon: 'overview' },
      { href: '/audit', title: t.nav.audit, icon: 'audit' },
      { href: '/alerts', title: t.nav.alerts, icon: 'alerts' },
      { href: '/sessions', title: t.nav.sessions, icon: 'sessions' },
    ],
  },
  {
    title: t.nav.access,
    entries: [
      { href: '/keys', title: t.nav.keys, icon: 'keys' },
      { href: '/profiles', title: t.nav.profiles, icon: 'profiles' },
      { href: '/users', title: t.nav.users, icon: 'users' },
      { href: '/schema', title: t.nav.schema, icon: 'schema' },
      { href: '/first-run', title: t.nav.firstRun, icon: 'firstRun' },
    ],
  },
  {
    title: t.nav.system,
    entries: [
      { href: '/gates', title: t.nav.gates, icon: 'gates' },
      { href: '/settings', title: t.nav.settings, icon: 'settings' },
      { href: '/jobs', title: t.nav.jobs, icon: 'jobs' },
      { href: '/outbox', title: t.nav.outbox, icon: 'outbox' },
      { href: '/webhooks', title: t.nav.webhooks, icon: 'webhooks' },
      { href: '/accounts', title: t.nav.accounts, icon: 'accounts' },
      { href: '/administrators-log', title: t.nav.adminAudit, icon: 'adminAudit' },
      { href: '/emergency', title: t.nav.emergency, icon: 'emergency' },
    ],
  },
];
