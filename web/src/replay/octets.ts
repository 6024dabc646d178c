// Octets as hex, characters and source text.
import type { Field, Octets } from '../../generated/api';

export function bytes(o: Octets | undefined): Uint8Array {
  const hex = o?.hex ?? '';
  const out = new Uint8Array(hex.length >> 1);
  for (let i = 0; i < out.length; i++) out[i] = parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return out;
}

export const two = (b: number): string => b.toString(16).padStart(2, '0');
export const char = (b: number): string => (b > 0x20 && b < 0x7f ? String.fromCharCode(b) : b === 0x20 ? '\u00a0' : '·');

// python is a bytes literal, sixteen octets a line.
export function python(b: Uint8Array): string {
  const lines: string[] = [];
  for (let i = 0; i < b.length; i += 16) lines.push("    b'" + [...b.slice(i, i + 16)].map((x) => '\\x' + two(x)).join('') + "'");
  return `data = (\n${lines.join('\n')}\n)\n`;
}

// fieldAt is the narrowest field that holds octet i.
export function fieldAt(fields: Field[], i: number): Field | undefined {
  let best: Field | undefined;
  for (const f of fields) if (i >= f.offset && i < f.offset + f.length && (!best || f.length <= best.length)) best = f;
  return best;
}

export const fieldsOf = (o: Octets | undefined): Field[] => (o?.frames ?? []).flatMap((f) => f.fields);

const entities: Record<string, string> = {
  lt: '<', gt: '>', amp: '&', quot: '"', apos: "'", nbsp: ' ', middot: '·', deg: '°', sup2: '²', sup3: '³', micro: 'µ', times: '×',
  ndash: '–', mdash: '—', hellip: '…', laquo: '«', raquo: '»', copy: '©', reg: '®', euro: '€',
};

function entity(all: string, name: string): string {
  const m = /^#(?:x([0-9a-f]+)|(\d+))$/i.exec(name);
  if (!m) return entities[name] ?? all;
  const c = m[1] ? parseInt(m[1], 16) : Number(m[2]);
  return c > 0 && c <= 0x10ffff ? String.fromCodePoint(c) : all;
}

// page is a page of HTML as its text, by taking its tags away. It is for reading:
// nothing of it becomes markup.
export function page(html: string): string {
  return html
    .replace(/<(script|style|head)\b[\s\S]*?<\/\1\s*>/gi, '')
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/<(br|p|div|tr|li|h\d|table|form|hr|text|button|option|label|nav|section|header|footer)\b[^>]*>/gi, '\n')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&(#?\w{1,8});/g, entity)
    .replace(/[ \t]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

// http takes an answer apart; undefined if it is none.
export function http(text: string): { head: string; body: string; html: boolean } | undefined {
  if (!text.startsWith('HTTP/')) return undefined;
  const at = text.search(/\r?\n\r?\n/);
  if (at < 0) return { head: text, body: '', html: false };
  const head = text.slice(0, at);
  return { head, body: text.slice(at).replace(/^\r?\n\r?\n/, ''), html: /content-type:\s*text\/html/i.test(head) };
}
