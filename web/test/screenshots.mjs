// Makes docs/screenshots of the demo's data and of a sensor that a few visitors
// came to. pngquant, where it is installed, makes the files small.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { launch, login, settled } from './lib.mjs';
import { dashboard, demo, remove, scratch, sensor } from './sensor.mjs';

const out = new URL('../../docs/screenshots/', import.meta.url).pathname;
mkdirSync(out, { recursive: true });
const month = 'from=2026-10-02T00:00:00Z&to=2026-11-01T00:00:00Z';
const desk = { width: 1440, height: 900 };
const phone = { width: 390, height: 844 };

async function shoot(page, name) {
  await settled(page);
  await page.waitForTimeout(400);
  const file = `${out}${name}.png`;
  await page.screenshot({ path: file });
  spawnSync('pngquant', ['--force', '--skip-if-larger', '--quality', '70-95', '--speed', '1', '--output', file, file]);
}

async function series(served, options, list) {
  const b = await launch(options);
  const page = b.context.pages()[0];
  await login(page, served.origin, served.token);
  for (const [name, path, act] of list) {
    await page.goto(served.origin + path);
    await page.locator('main h1').waitFor();
    await settled(page);
    await act?.(page);
    await shoot(page, name);
  }
  await b.close();
}

// say sends frames to a service and waits for their answers.
function say(host, port, frames) {
  return new Promise((done) => {
    const c = connect(port, host, () => c.write(Buffer.from(frames[0], 'hex')));
    let next = 1;
    c.on('data', () => (next < frames.length ? setTimeout(() => c.write(Buffer.from(frames[next++], 'hex')), 300) : c.end()));
    c.on('close', done);
    c.on('error', done);
    setTimeout(() => c.destroy(), 5000);
  });
}

const dir = scratch();
demo(dir, '');
const served = await dashboard(dir);
try {
  const b = await launch();
  const page = b.context.pages()[0];
  await login(page, served.origin, served.token);
  const found = await page.evaluate(async () => (await fetch('/api/v1/sessions?label=targeted_ics&limit=10&from=2026-01-01T00:00:00Z')).json());
  await b.close();
  const { id, src } = found.sessions.sort((x, y) => y.severity - x.severity || y.acts - x.acts)[0];
  const toReplay = (p) => p.locator('#replay').evaluate((e) => scrollTo(0, e.getBoundingClientRect().top + scrollY - 16));
  const hover = async (p) => {
    await toReplay(p);
    await p.getByRole('region', { name: 'Request', exact: true }).getByRole('row').nth(7).hover();
  };
  await series(served, { viewport: desk, colorScheme: 'dark' }, [
    ['overview-dark', `/?${month}`],
    ['sessions-dark', `/sessions?${month}&research=hide&min_severity=5`],
    ['replay-dark', `/sessions/${id}?act=6`, hover],
    ['compare-dark', `/compare?${month}`],
  ]);
  await series(served, { viewport: desk, colorScheme: 'light' }, [
    ['overview-light', `/?${month}`],
    ['session-light', `/sessions/${id}?act=6`],
    ['techniques-light', `/techniques?${month}`],
    ['actor-light', `/actors/${src}?${month}`],
  ]);
  await series(served, { viewport: phone, colorScheme: 'dark', deviceScaleFactor: 2 }, [['overview-phone', `/?${month}`], ['replay-phone', `/sessions/${id}?act=6`, toReplay]]);
} finally {
  await served.end();
  remove(dir);
}

const live = scratch();
const run = await sensor(live);
try {
  await say(run.address, 5020, ['00010000000601030000000a', '000200000005012b0e0100', '000300000006010500000000', '00040000000601030028000a']);
  await say(run.address, 10201, ['0300001611e00000000100c1020100c2020102c0010a', '0300001902f08032010000000000080000f0000001000101e0']);
  await say(run.address, 2121, ['555345522061646d696e0d0a', '504153532061646d696e0d0a', '515549540d0a']);
  await series(run, { viewport: desk, colorScheme: 'dark' }, [['live-dark', '/live', (p) => p.locator('li.act').nth(4).waitFor()], ['plant-dark', '/plant', (p) => p.waitForTimeout(25_000)]]);
} finally {
  await run.end();
  remove(live);
}
