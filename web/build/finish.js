// After vite: removes what an earlier build left, writes the licences of what is
// shipped, compresses, and holds the whole to its size.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import * as zlib from 'node:zlib';

const LIMIT = 300_000; // octets, gzipped, of all that a page can load
const shipped = [...JSON.parse(readFileSync(new URL('../generated/shipped.json', import.meta.url), 'utf8')), 'world-atlas'];

const out = new URL('../../internal/web/assets/', import.meta.url);
const module = (name) => new URL(`../node_modules/${name}/`, import.meta.url);

function licences() {
  let text = 'What the pages are made of, and its licences.\n';
  const list = [];
  for (const name of shipped) {
    const p = JSON.parse(readFileSync(new URL('package.json', module(name)), 'utf8'));
    const file = readdirSync(module(name)).find((f) => /^(licen[cs]e|copying)/i.test(f));
    const body = file ? readFileSync(new URL(file, module(name)), 'utf8').trim() : `Licence: ${p.license}`;
    text += `\n\n== ${p.name} ${p.version} (${p.license}) ==\n\n${body}\n`;
    list.push({ name: `${p.name} ${p.version}`, licence: p.license });
  }
  text += '\n\n== Map outlines ==\n\nMade with Natural Earth, public domain.\n';
  list.push({ name: 'Map outlines: Natural Earth', licence: 'public domain' });
  writeFileSync(new URL('third-party-licenses.txt', out), text);
  writeFileSync(new URL('licences.json', out), JSON.stringify(list));
}

function sweep() {
  const used = new Set();
  const index = readFileSync(new URL('index.html', out), 'utf8');
  const take = (text) => {
    for (const [, name] of text.matchAll(/\b([\w-]+-[\w-]{8}\.(?:json|js|css)\b)/g)) {
      if (used.has(name)) continue;
      used.add(name);
      if (name.endsWith('.js')) take(readFileSync(new URL('assets/' + name, out), 'utf8'));
    }
  };
  take(index);
  for (const f of readdirSync(new URL('assets/', out))) if (!used.has(f)) rmSync(new URL('assets/' + f, out));
}

function squeeze() {
  let sum = 0;
  for (const f of readdirSync(out, { recursive: true, encoding: 'utf8' })) {
    if (!/\.(html|js|css|json|txt)$/.test(f)) continue;
    const b = readFileSync(new URL(f, out));
    const gz = zlib.gzipSync(b, { level: 9 });
    writeFileSync(new URL(f + '.gz', out), gz);
    if (zlib.zstdCompressSync) writeFileSync(new URL(f + '.zst', out), zlib.zstdCompressSync(b, { params: { [zlib.constants.ZSTD_c_compressionLevel]: 19 } }));
    if (!f.endsWith('.txt')) sum += gz.length;
  }
  return sum;
}

for (const f of readdirSync(out, { recursive: true, encoding: 'utf8' })) if (/\.(gz|zst)$/.test(f) && statSync(new URL(f, out)).isFile()) rmSync(new URL(f, out));
sweep();
licences();
const sum = squeeze();
console.log(`ui: ${(sum / 1000).toFixed(0)} kB gzipped in all`);
if (sum > LIMIT) {
  console.error(`ui: more than ${LIMIT / 1000} kB`);
  process.exit(1);
}
