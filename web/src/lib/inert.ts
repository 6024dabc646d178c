// Visitors' text, made harmless to read: what a terminal or a page would obey is
// shown as a symbol. The result is parts for text nodes; nothing here makes markup.

export interface Part {
  text: string;
  sign?: string; // what the symbol stands for, for its title
}

const names: Record<number, string> = {
  0x00ad: 'soft hyphen',
  0x061c: 'Arabic letter mark',
  0x200b: 'zero width space',
  0x200c: 'zero width non-joiner',
  0x200d: 'zero width joiner',
  0x200e: 'left-to-right mark',
  0x200f: 'right-to-left mark',
  0x2028: 'line separator',
  0x2029: 'paragraph separator',
  0x202a: 'left-to-right embedding',
  0x202b: 'right-to-left embedding',
  0x202c: 'pop directional formatting',
  0x202d: 'left-to-right override',
  0x202e: 'right-to-left override',
  0x2060: 'word joiner',
  0x2066: 'left-to-right isolate',
  0x2067: 'right-to-left isolate',
  0x2068: 'first strong isolate',
  0x2069: 'pop directional isolate',
  0xfeff: 'byte order mark',
};

function hidden(c: number): boolean {
  return (
    c < 0x20 ||
    (c >= 0x7f && c <= 0xa0) ||
    c in names ||
    (c >= 0x115f && c <= 0x1160) ||
    (c >= 0x2061 && c <= 0x206f) ||
    (c >= 0xfe00 && c <= 0xfe0f) ||
    (c >= 0xd800 && c <= 0xdfff) ||
    (c >= 0xfff0 && c <= 0xfffb) ||
    (c >= 0xe0000 && c <= 0xe0fff)
  );
}

function sign(c: number): Part {
  const code = 'U+' + c.toString(16).toUpperCase().padStart(4, '0');
  if (c < 0x20) return { text: String.fromCodePoint(0x2400 + c), sign: `control character ${code}` };
  if (c === 0x7f) return { text: '\u2421', sign: `control character ${code}` };
  return { text: `[${code}]`, sign: names[c] ?? 'character that does not show' };
}

// inert splits text into plain parts and symbols. With lines, line feeds and tabs
// are left as they are.
export function inert(text: string, lines = false): Part[] {
  const out: Part[] = [];
  let plain = '';
  for (const ch of text) {
    const c = ch.codePointAt(0)!;
    if (!hidden(c) || (lines && (c === 0x0a || c === 0x09))) {
      plain += ch;
      continue;
    }
    if (lines && c === 0x0d) continue;
    if (plain) out.push({ text: plain });
    plain = '';
    out.push(sign(c));
  }
  if (plain) out.push({ text: plain });
  return out;
}

// flat is the same as one string, for titles and labels.
export function flat(text: string): string {
  return inert(text)
    .map((p) => p.text)
    .join('');
}
