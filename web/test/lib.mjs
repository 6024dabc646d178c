// What the browser tests share: Chromium, a login, and a page that is watched.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const password = 'a long sentence of the tests';

const flags = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--font-render-hinting=none'];

// launch starts Debian's Chromium with a profile of its own; close ends both.
export async function launch(options = {}) {
  const profile = mkdtempSync(join(tmpdir(), 'sundew-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: process.getuid() === 0 ? [...flags, '--no-sandbox'] : flags,
    viewport: { width: 1440, height: 900 },
    timezoneId: 'Europe/Amsterdam',
    locale: 'en-GB',
    colorScheme: 'dark',
    acceptDownloads: true,
    ...options,
  });
  return {
    context,
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

// watch notes what a page says to the console, what fails, and what it asks of others.
export function watch(page, origin) {
  const seen = { console: [], requests: [], failed: [] };
  page.on('console', (m) => seen.console.push(`${m.type()}: ${m.text()}`));
  page.on('pageerror', (e) => seen.console.push(`error: ${e.message}`));
  page.on('request', (r) => {
    const u = r.url();
    if (!u.startsWith(origin + '/') && !u.startsWith('data:') && !u.startsWith('blob:')) seen.requests.push(u);
  });
  page.on('response', (r) => {
    if (r.status() >= 400) seen.failed.push(`${r.status()} ${r.url()}`);
  });
  return seen;
}

// login sets the password with the token of the first start, or uses it.
export async function login(page, origin, token) {
  await page.goto(origin + '/');
  await page.getByRole('heading', { name: 'Sundew' }).waitFor();
  if (await page.getByLabel('Token').count()) {
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByLabel('New password').fill(password);
    await page.getByLabel('The same again').fill(password);
    await page.getByRole('button', { name: 'Set the password' }).click();
  } else {
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Log in' }).click();
  }
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
}

// settled waits until nothing loads any more.
export async function settled(page) {
  await page.waitForFunction(() => !document.querySelector('main [aria-busy=true]'));
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

// audit says what axe finds wrong with the page as it is now.
export async function audit(page) {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')}: ${n.failureSummary.split('\n')[1]?.trim()}`));
  });
}
