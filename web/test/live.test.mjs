// A running sensor with its dashboard, and real clients at its services.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { audit, launch, login, settled, watch } from './lib.mjs';
import { remove, scratch, sensor } from './sensor.mjs';

let dir, run, b, page, seen;
const has = (program) => spawnSync('which', [program]).status === 0;

before(async () => {
  dir = scratch();
  run = await sensor(dir);
  b = await launch();
  page = b.context.pages()[0];
  seen = watch(page, run.origin);
  await login(page, run.origin, run.token);
}, { timeout: 200_000 });
after(async () => {
  await b?.close();
  await run?.end();
  remove(dir);
});

// within says how long it took until a locator was there after an act.
async function within(act, locator, limit) {
  const begun = Date.now();
  await Promise.all([act(), locator.first().waitFor({ timeout: 30_000 })]);
  const took = Date.now() - begun;
  console.log(`# seen after ${took} ms`);
  // A machine that is shared is slower; SUNDEW_STRICT=1 holds to the bound.
  assert.ok(took < limit * (process.env.SUNDEW_STRICT ? 1 : 6), `${took} ms`);
  return took;
}

test('before anybody came, pages say so', { timeout: 60_000 }, async () => {
  await page.goto(run.origin + '/');
  await page.getByText(/Nobody has come yet/).first().waitFor();
});

test('mbpoll writes a coil: seen live within 2 s', { timeout: 60_000, skip: !has('mbpoll') && 'mbpoll is not installed' }, async () => {
  await page.goto(run.origin + '/live');
  await page.getByText('Connected').waitFor();
  await within(
    () => new Promise((done) => execFile('mbpoll', ['-m', 'tcp', '-p', '5020', '-a', '1', '-t', '0', '-0', '-r', '0', '-1', run.address, '0'], () => done())),
    page.locator('[data-act^=write_]'),
    2000,
  );
});

test('nmap asks who the device is: seen live at once', { timeout: 90_000, skip: !has('nmap') && 'nmap is not installed' }, async () => {
  const act = page.locator('[data-act=read_szl]');
  await within(() => new Promise((done) => execFile('nmap', ['-Pn', '-n', '-p', '10201', '--script', '+s7-info', run.address], { timeout: 60_000 }, () => done())), act.or(page.locator('[data-act=connect_request]')), 4000);
});

test('the feed can be paused', { timeout: 60_000 }, async () => {
  await page.getByRole('button', { name: 'Pause' }).click();
  const before = await page.locator('li.act').count();
  await new Promise((done) => connect(5020, run.address, function () {
    this.end(Buffer.from('000100000006010300000001', 'hex'), done);
  }));
  await page.getByText(/Paused; [1-9]/).waitFor({ timeout: 15_000 });
  assert.equal(await page.locator('li.act').count(), before);
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.locator('[data-act=read_holding_registers]').first().waitFor();
});

test('the plant shows who changed it', { timeout: 60_000 }, async () => {
  await page.goto(run.origin + '/plant');
  await page.getByRole('heading', { name: 'Who changed what' }).first().waitFor();
  await settled(page);
  await page.getByRole('row').filter({ hasText: '127.0.0.1' }).first().waitFor();
});

test('pages of a running sensor, as axe sees them', { timeout: 120_000 }, async () => {
  for (const path of ['/', '/live', '/plant', '/sensor', '/reports', '/sessions']) {
    await page.goto(run.origin + path);
    await page.locator('main h1').waitFor();
    await settled(page);
    if (path === '/live') await page.locator('li.act').first().waitFor();
    assert.deepEqual(await audit(page), [], path);
  }
  await page.goto(run.origin + '/sensor');
  await page.getByText(/services are listening/).first().waitFor();
  await page.getByText('Memory').waitFor();
});

test('hostile text stays text', { timeout: 120_000 }, async () => {
  const evil = '<img src=x onerror=alert(1)><script>alert(2)</script>';
  const line = Buffer.concat([Buffer.from(`USER ${evil}\u202e\u2066txt\u200b\x1b[31mred\x07\r\nPASS =cmd|'/c calc'!A1\r\nQUIT\r\n`)]);
  await new Promise((done) => {
    const c = connect(2121, run.address, () => c.write(line));
    c.on('data', () => {});
    c.on('close', done);
    setTimeout(() => c.destroy(), 3000);
  });
  await new Promise((done) => {
    const c = connect(8800, run.address, () => c.end(`GET /${evil} HTTP/1.1\r\nHost: x\r\nUser-Agent: ${evil}\u202e\r\n\r\n`));
    c.on('data', () => {});
    c.on('close', done);
    setTimeout(() => c.destroy(), 3000);
  });
  let dialogs = 0;
  page.on('dialog', (d) => (dialogs++, d.dismiss()));
  await page.goto(run.origin + '/live');
  await page.getByText('onerror=alert(1)').first().waitFor({ timeout: 15_000 });
  await page.goto(run.origin + '/credentials?range=all');
  for (let i = 0; i < 20 && !(await page.getByText('onerror=alert(1)').count()); i++) {
    await page.waitForTimeout(500);
    await page.reload();
    await settled(page);
  }
  const cell = page.getByRole('cell', { name: /onerror/ }).first();
  const text = await cell.innerText();
  assert.ok(text.includes('<script>alert(2)</script>'), text);
  assert.ok(text.includes('[U+202E]') && text.includes('[U+2066]') && text.includes('[U+200B]'), text);
  assert.doesNotMatch(text, /[\u202a-\u202e\u2066-\u2069\u200b\x00-\x08\x0e-\x1f]/);
  for (const path of ['/sessions?protocol=ftp', '/sessions?protocol=http']) {
    await page.goto(run.origin + path);
    await settled(page);
    await page.locator('main a[data-row]').first().click();
    await page.getByRole('list', { name: 'Acts' }).waitFor();
    for (const view of ['What the visitor saw', 'Conversation', 'Octets']) await page.getByRole('button', { name: view }).click();
  }
  assert.equal(await page.locator('main img, main script, main iframe').count(), 0);
  assert.equal(dialogs, 0);
  assert.deepEqual(seen, { console: [], requests: [], failed: [] });
});
