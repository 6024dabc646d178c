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
  },
  server: { proxy: { '/api': api } },
});
