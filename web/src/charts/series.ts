// Names and colours of a chart's series.
import { classStep, kind, label, labelStep, protocol, words } from '../lib/format';

export function nameOf(name: string, by: string): string {
  if (name === 'other') return 'Other';
  return by === 'protocol' ? protocol(name) : by === 'label' ? label(name) : words(name);
}

// colours gives each name a custom property: protocols keep theirs on all pages,
// unless a neighbour has it already.
export function colours(names: string[], by: string): Record<string, string> {
  const out: Record<string, string> = {};
  const taken = new Set<string>();
  for (const n of names) {
    const want = by === 'protocol' ? 'k' + kind(n) : '';
    const free = ['k0', 'k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7'].find((k) => !taken.has(k)) ?? 'k8';
    const c = n === 'other' ? 'k8' : want && !taken.has(want) ? want : free;
    taken.add(c);
    out[n] = c;
  }
  return out;
}

export const severityOf = (name: string, by: string): number => (by === 'label' ? labelStep(name) : classStep(name));
