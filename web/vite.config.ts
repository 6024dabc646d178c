import { svelte } from '@sveltejs/vite-plugin-svelte';
import { mkdirSync, writeFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vite';

// The API that `npm run dev` talks to.
const api = process.env.SUNDEW_API ?? 'http://127.0.0.1:8900';

// shipped notes which packages are in the bundle, for their licences.
function shipped(): Plugin {
  return {
    name: 'shipped',
    generateBundle(_, bundle) {
      const names = new Set<string>();
      for (const c of Object.values(bundle)) {
        if (c.type !== 'chunk') continue;
        for (const id of Object.keys(c.modules)) {
          const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id)?.[1];
          if (name && !id.includes('\0vite')) names.add(name);
        }
      }
      mkdirSync('generated', { recursive: true });
      writeFileSync('generated/shipped.json', JSON.stringify([...names].sort()));
    },
  };
}

export default defineConfig({
  logLevel: 'warn',
  plugins: [svelte(), shipped()],
  build: {
    outDir: '../internal/web/assets',
    emptyOutDir: false, // build/clean.js leaves the README
    assetsInlineLimit: 0, // data: scripts and styles are not allowed by the CSP
    modulePreload: { polyfill: false },
    target: 'es2022',
    reportCompressedSize: false,
    cssCodeSplit: false,
    rolldownOptions: {
      checks: { pluginTimings: false },
      output: {
        // Few files: what all pages share, the timeline, and each page's own.
        codeSplitting: {
          groups: [
            { name: 'svelte', test: /node_modules\/(svelte|esm-env|clsx)/, priority: 3 },
            { name: 'shared', test: /src\/(lib|parts)|charts\/(series|Bars|Interval|Series)/, priority: 2 },
            { name: 'timeline', test: /uplot|Timeline\.svelte/, priority: 1 },
          ],
        },
      },
    },
  },
  server: { proxy: { '/api': api } },
});
