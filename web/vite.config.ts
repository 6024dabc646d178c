import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

// The API that `npm run dev` talks to.
const api = process.env.SUNDEW_API ?? 'http://127.0.0.1:8900';

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: '../internal/web/assets',
    emptyOutDir: false, // build/clean.js leaves the README
    assetsInlineLimit: 0, // data: scripts and styles are not allowed by the CSP
    modulePreload: { polyfill: false },
    target: 'es2022',
    reportCompressedSize: false,
    cssCodeSplit: false,
    rolldownOptions: {
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
