// Why there is nothing to see, in words.
import type { State } from '../../generated/api';
import { ago } from './format';
import { filter } from './filter.svelte';

export function why(state: State | undefined): string {
  if (!state) return 'Nothing matches in this period.';
  const ears =
    state.mode === 'stopped'
      ? 'The sensor is not running; this is what it recorded.'
      : `${state.listening} of ${state.listeners} services are listening.`;
  if (!state.sessions) return `Nobody has come yet. ${ears}`;
  const last = state.last ? ` The last session began ${ago(state.last)}.` : '';
  const hint = filter.active.length ? 'No session in this period matches the restrictions.' : 'No session in this period.';
  return `${hint}${last} ${ears}`;
}
