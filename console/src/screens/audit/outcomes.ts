/** The counts of each outcome as the series of a chart: refused and failed calls stand out, whichever are more. */
import type { Schemas } from '../../api/client';
import type { Series } from '../../chart/series';
import { a } from '../../strings/audit';

const SHOWN = [
  ['denied', 'chart-refused'],
  ['faulted', 'chart-failed'],
  ['unknown', 'chart-other'],
  ['allowed', 'chart-allowed'],
] as const;

export function byOutcome(counts: Schemas['AuditCounts']): Series[] {
  const length = counts.series[0]?.points.length ?? 0;
  return SHOWN.flatMap(([name, color]) => {
    const found = counts.series.find((one) => one.name === name);
    if (!found && name === 'unknown') return [];
    return [{ label: a.outcomes[name], color, total: found?.total ?? 0, points: found?.points ?? new Array<number>(length).fill(0) }];
  });
}
