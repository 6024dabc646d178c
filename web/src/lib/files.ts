// Files made of what a view shows.

// field quotes one field of CSV. A leading = + - @, tab or return would be a
// formula to a spreadsheet: it gets an apostrophe, unless it is a number.
function field(v: unknown): string {
  let s = v === undefined || v === null ? '' : Array.isArray(v) ? v.join(' ') : typeof v === 'object' ? JSON.stringify(v) : String(v);
  if (/^[=+\-@\t\r]/.test(s) && !/^-?\d+(\.\d+)?$/.test(s)) s = "'" + s;
  return /[",\r\n]/.test(s) ? '"' + s.replaceAll('"', '""') + '"' : s;
}

export function csv(head: string[], rows: unknown[][]): string {
  return [head, ...rows].map((r) => r.map(field).join(',')).join('\r\n') + '\r\n';
}

export function save(name: string, type: string, text: string) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const a = document.createElement('a');
  a.href = url;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
