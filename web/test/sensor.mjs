// Starts the built binary for the tests, on loopback addresses of its own.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const binary = resolve(process.env.SUNDEW ?? new URL('../../bin/sundew', import.meta.url).pathname);

export function scratch() {
  const dir = mkdtempSync(join(tmpdir(), 'sundew-data-'));
  chmodSync(dir, 0o711); // started as root, the sensor becomes another, who must get there
  return dir;
}

// demo makes the data that pages are looked at with; without until, at its usual time.
export function demo(dir, until = 'now') {
  execFileSync(binary, ['demo', '--out', dir, ...(until ? ['--until', until] : [])], { stdio: 'ignore', timeout: 300_000 });
  execFileSync(binary, ['stats', '--data', dir], { stdio: 'ignore', timeout: 300_000 }); // makes the store
}

async function freePort() {
  const s = createServer();
  await new Promise((done) => s.listen(0, '127.0.0.1', done));
  const { port } = s.address();
  await new Promise((done) => s.close(done));
  return port;
}

// begin runs the binary until its dashboard answers; end stops it.
async function begin(args, port) {
  if (!existsSync(binary)) throw new Error(`${binary} is missing; run make ui build`);
  const origin = `http://127.0.0.1:${port}`;
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (b) => (said += b));
  child.stderr.on('data', (b) => (said += b));
  const ended = new Promise((done) => child.once('exit', done));
  const late = Date.now() + 120_000;
  for (;;) {
    if (child.exitCode !== null || Date.now() > late) throw new Error(`the dashboard did not start: ${said}`);
    const r = await fetch(origin + '/api/v1/me').catch(() => undefined);
    if (r?.ok && said.includes('Ctrl-C')) break;
    await new Promise((done) => setTimeout(done, 100));
  }
  return {
    origin,
    token: /log in with (\S+)/.exec(said)?.[1] ?? '',
    said: () => said,
    async end() {
      child.kill('SIGINT');
      const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await ended;
      clearTimeout(timer);
    },
  };
}

// dashboard serves a directory.
export async function dashboard(dir) {
  const port = await freePort();
  return begin(['dashboard', '--data', dir, '--address', `127.0.0.1:${port}`], port);
}

// sensor runs a sensor with its dashboard; address is where its services listen.
export async function sensor(dir, persona = 'default') {
  const port = await freePort();
  const byte = () => 2 + Math.floor(Math.random() * 250);
  const address = `127.${16 + Math.floor(Math.random() * 200)}.${byte()}.${byte()}`;
  const s = await begin(['run', '--persona', persona, '--data', dir, '--address', address, '--ports', 'unprivileged', '--dashboard', `127.0.0.1:${port}`], port);
  return { ...s, address };
}

export const remove = (dir) => rmSync(dir, { recursive: true, force: true });
