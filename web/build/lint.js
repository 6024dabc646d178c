// What the policy of the pages forbids, and what visitors' text must not meet.
import { readdirSync, readFileSync } from 'node:fs';

const rules = [
  [/\{@html/, 'no {@html}: visitors’ text is text alone'],
  [/<[a-z][^>]*\sstyle=["']/i, 'no style attribute: the policy refuses it; style:name={} is allowed'],
  [/\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write)\b/, 'no markup from strings'],
  [/\beval\(|new Function\(/, 'no code from strings'],
  [/https?:\/\/(?!www\.w3\.org)/, 'no address off this site'],
  [/\battackers?\b/i, 'say visitor'],
];

let bad = 0;
for (const f of readdirSync(new URL('../src', import.meta.url), { recursive: true, encoding: 'utf8' })) {
  if (!/\.(svelte|ts|css)$/.test(f)) continue;
  const lines = readFileSync(new URL('../src/' + f, import.meta.url), 'utf8').split('\n');
  lines.forEach((l, i) => {
    for (const [re, why] of rules) {
      if (!re.test(l)) continue;
      console.error(`src/${f}:${i + 1}: ${why}`);
      bad++;
    }
  });
  if (lines.length > 320 && !f.endsWith('.css')) {
    console.error(`src/${f}: ${lines.length} lines; split it`);
    bad++;
  }
}
process.exit(bad ? 1 : 0);
