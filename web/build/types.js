// Makes generated/api.ts: the API's types, from its OpenAPI document.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const doc = JSON.parse(readFileSync(process.argv[2] ?? new URL('../../internal/web/openapi.json', import.meta.url), 'utf8'));
const nameOf = (ref) => ref.split('/').pop();

function type(s, indent) {
  if (!s) return 'unknown';
  if (s.$ref) return nameOf(s.$ref);
  if (s.enum) return s.enum.map((v) => JSON.stringify(v)).join(' | ');
  if (s.oneOf || s.anyOf) return (s.oneOf ?? s.anyOf).map((x) => type(x, indent)).join(' | ');
  if (s.allOf) return s.allOf.map((x) => type(x, indent)).join(' & ');
  if (Array.isArray(s.type)) return s.type.map((t) => type({ ...s, type: t }, indent)).join(' | ');
  if (s.type === 'array') {
    const t = type(s.items, indent);
    return /[ |&]/.test(t) && !t.startsWith('{') ? `(${t})[]` : `${t}[]`;
  }
  if (s.type === 'object') return object(s, indent);
  return { integer: 'number', number: 'number', boolean: 'boolean', string: 'string', null: 'null' }[s.type] ?? 'unknown';
}

function object(s, indent) {
  if (!s.properties) return `Record<string, ${s.additionalProperties === true || !s.additionalProperties ? 'unknown' : type(s.additionalProperties, indent)}>`;
  const inner = indent + '  ';
  const lines = Object.entries(s.properties).map(([name, p]) => {
    const note = p.description ? ` // ${p.description.replaceAll('\n', ' ')}` : '';
    return `${inner}${/^\w+$/.test(name) ? name : JSON.stringify(name)}${s.required?.includes(name) ? '' : '?'}: ${type(p, inner)};${note}`;
  });
  return `{\n${lines.join('\n')}\n${indent}}`;
}

let out = '// Made by build/types.js of internal/web/openapi.json.\n';
for (const [name, s] of Object.entries(doc.components.schemas)) out += `\nexport type ${name} = ${type(s, '')};\n`;
for (const [path, methods] of Object.entries(doc.paths)) {
  const s = methods.get?.responses?.['200']?.content?.['application/json']?.schema;
  if (!s || s.$ref) continue;
  const name = path.replace(/[{}]/g, '').split(/[/.]/).filter(Boolean).map((w) => w[0].toUpperCase() + w.slice(1)).join('');
  out += `\nexport type Get${name} = ${type(s, '')};\n`;
}
mkdirSync(new URL('../generated/', import.meta.url), { recursive: true });
writeFileSync(new URL('../generated/api.ts', import.meta.url), out);
