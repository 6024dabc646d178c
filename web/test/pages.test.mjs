// Each page in both themes: no message, nothing off this site, no violation that
// axe knows of; on a phone, nothing wider than the screen.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { audit, launch, login, settled, watch } from './lib.mjs';
import { dashboard, demo, remove, scratch } from './sensor.mjs';

let dir, served, session, actor;

before(async () => {
  dir = scratch();
  demo(dir);
  served = await dashboard(dir);
}, { timeout: 400_000 });
after(async () => {
  await served?.end();
  remove(dir);
});

async function open(options) {
  const b = await launch(options);
  const page = b.context.pages()[0];
  const seen = watch(page, served.origin);
  await login(page, served.origin, served.token);
  return { ...b, page, seen };
}

const pages = () => [
  '/', '/?by=label', '/live', '/sessions', '/sessions?min_severity=7', `/sessions/${session}`, `/sessions/${session}?act=6`, '/actors', `/actors/${actor}`,
  '/actors/AS64496', '/actors/C-0001', '/techniques', '/techniques?attack=18', '/protocols', '/protocols/s7comm', '/protocols/http', '/credentials',
  '/compare', '/compare?by=persona', '/compare?by=period&side=14d..7d&side=7d..', '/sensor', '/plant', '/reports', '/about', '/nowhere',
];

for (const colorScheme of ['dark', 'light']) {
  test(`every page, ${colorScheme}`, { timeout: 600_000 }, async (t) => {
    const b = await open({ colorScheme });
    if (!session) {
      const found = await b.page.evaluate(async () => (await fetch('/api/v1/sessions?label=targeted_ics&limit=1')).json());
      session = found.sessions[0].id;
      actor = found.sessions[0].src;
    }
    for (const path of pages()) {
      await t.test(path, async () => {
        b.seen.console.length = b.seen.requests.length = b.seen.failed.length = 0;
        await b.page.goto(served.origin + path);
        await b.page.locator('main h1').waitFor();
        await settled(b.page);
        assert.deepEqual(await audit(b.page), []);
        assert.equal(await b.page.getByText('This could not be shown').count(), 0, 'a panel says that it could not be shown');
        assert.equal(await b.page.getByRole('complementary', { name: 'Synthetic data' }).count(), 1, 'the demo is marked as what it is');
        assert.deepEqual(b.seen, { console: [], requests: [], failed: [] });
      });
    }
    await b.close();
  });
}

test('every page on a phone', { timeout: 600_000 }, async (t) => {
  const b = await open({ viewport: { width: 390, height: 844 }, hasTouch: true });
  for (const path of pages()) {
    await t.test(path, async () => {
      await b.page.goto(served.origin + path);
      await b.page.locator('main h1').waitFor();
      await settled(b.page);
      const over = await b.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(over, 0, `${over} px wider than the screen`);
    });
  }
  await t.test('the menu opens and leads on', async () => {
    await b.page.goto(served.origin + '/');
    await b.page.getByRole('button', { name: 'Menu', exact: true }).click();
    await b.page.getByRole('link', { name: 'Techniques' }).click();
    await b.page.getByRole('heading', { name: 'Techniques', level: 1 }).waitFor();
  });
  await b.close();
});

test('open panels and dialogs', { timeout: 300_000 }, async () => {
  const b = await open({ colorScheme: 'dark' });
  await b.page.goto(served.origin + '/sessions');
  await settled(b.page);
  for (const name of ['Restrict what is shown', 'Period', 'Choose columns', 'Save the rows of this view', 'All sessions under the filter as a file']) {
    await b.page.getByTitle(name).click();
    await settled(b.page);
    assert.deepEqual(await audit(b.page), [], name);
    await b.page.keyboard.press('Escape');
  }
  await b.page.keyboard.press('?');
  await b.page.getByRole('dialog', { name: 'Keys' }).waitFor();
  assert.deepEqual(await audit(b.page), [], 'keys');
  assert.deepEqual(b.seen, { console: [], requests: [], failed: [] });
  await b.close();
});
