// The filter that all pages share. It lives in the address; names are the API's.
import { place } from './place.svelte';

export const lists = [
  'sensor', 'persona', 'protocol', 'label', 'country', 'automation', 'class', 'op', 'tool', 'asn', 'src', 'fp', 'technique',
] as const;
export const singles = ['min_severity', 'research', 'q'] as const;
const times = ['range', 'from', 'to'] as const;
export const names: readonly string[] = [...lists, ...singles, ...times];

export const ranges: [string, string][] = [
  ['24h', 'Last 24 hours'],
  ['7d', 'Last 7 days'],
  ['30d', 'Last 30 days'],
  ['90d', 'Last 90 days'],
  ['all', 'All time'],
];
const usual = '30d'; // the server makes its overview ready (internal/web/warm.go)
const hour = 3_600_000;

export interface Period {
  from?: Date;
  to?: Date;
  name: string; // of the range; "" for two dates
}

// period is what the address says of time: whole hours or days, so that equal
// questions have equal addresses and roll-ups can answer.
function period(): Period {
  const from = place.get('from');
  const to = place.get('to');
  if (from || to) return { from: from ? new Date(from) : undefined, to: to ? new Date(to) : undefined, name: '' };
  const name = ranges.some(([r]) => r === place.get('range')) ? place.get('range') : usual;
  if (name === 'all') return { name };
  const step = name === '24h' ? hour : 24 * hour;
  const back = name === '24h' ? 24 * hour : (parseInt(name) - 1) * 24 * hour;
  return { from: new Date(Math.floor((Date.now() - back) / step) * step), name };
}

export function iso(d: Date): string {
  return d.toISOString().replace('.000Z', 'Z');
}

const isList = (name: string): boolean => (lists as readonly string[]).includes(name);

class Filter {
  period = $derived.by(period);

  // query is the filter as the API takes it.
  query = $derived.by(() => {
    const p = new URLSearchParams();
    const { from, to } = this.period;
    if (from && !isNaN(+from)) p.set('from', iso(from));
    if (to && !isNaN(+to)) p.set('to', iso(to));
    for (const n of lists) for (const v of place.all(n)) p.append(n, v);
    for (const n of singles) if (place.get(n)) p.set(n, place.get(n));
    return p;
  });

  // active are the restrictions, for chips.
  active = $derived.by(() => {
    const out: { name: string; value: string }[] = [];
    for (const n of [...lists, ...singles]) for (const v of place.all(n)) if (v) out.push({ name: n, value: v });
    return out;
  });

  // carry is the query string that links between pages keep.
  carry = $derived.by(() => {
    const p = new URLSearchParams();
    for (const n of names) for (const v of place.all(n)) p.append(n, v);
    p.sort();
    return p.toString();
  });

  // url is an API address with the filter and more.
  url(path: string, more: Record<string, string | number | string[] | undefined> = {}): string {
    const p = new URLSearchParams(this.query);
    for (const [n, value] of Object.entries(more)) {
      p.delete(n);
      for (const v of Array.isArray(value) ? value : [value]) if (v !== undefined && v !== '') p.append(n, String(v));
    }
    const q = p.toString();
    return path + (q ? '?' + q : '');
  }

  // link is a page with the filter, some of it changed.
  link(path: string, change: Record<string, string | undefined> = {}): string {
    const p = new URLSearchParams(this.carry);
    for (const [n, v] of Object.entries(change)) {
      p.delete(n);
      if (v) p.set(n, v);
    }
    p.sort();
    const q = p.toString();
    return path + (q ? '?' + q : '');
  }

  // narrow is this page with one more restriction.
  narrow(name: string, value: string): string {
    const list = isList(name);
    return place.with({ [name]: list ? [...new Set([...place.all(name), value])] : value });
  }

  drop(name: string, value: string) {
    place.set({ [name]: place.all(name).filter((v) => v !== value) });
  }

  clear() {
    place.set(Object.fromEntries([...lists, ...singles].map((n) => [n, undefined])));
  }

  between(from: Date, to: Date) {
    place.set({ range: undefined, from: iso(from), to: iso(to) });
  }
}

export const filter = new Filter();
