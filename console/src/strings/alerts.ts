/** Words of alerts. */
export const a = {
  title: 'Alerts',
  nothing: 'Nothing has reached a threshold.',
  types: {
    authentication_failed: 'Wrong keys',
    rate_limit_exceeded: 'Rate limit exceeded',
    ip_blocked: 'Address blocked',
    permission_denied: 'Permission denied',
    endpoint_violation: 'Closed endpoint',
    suspicious_activity: 'Suspicious activity',
    emergency_revocation: 'Emergency revocation',
  },
  severities: { low: 'low', medium: 'medium', high: 'high', critical: 'critical' },
  states: { open: 'open', resolved: 'resolved' },
  columns: { type: 'Alert', severity: 'Severity', about: 'About', count: 'Count', last: 'Last', state: 'State' },
} as const;
