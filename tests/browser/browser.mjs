// A browser that tells what went wrong, and the checks that every page must pass.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

export const folder = resolve(process.argv[2]);
const require = createRequire(`${folder}/node_modules/`);
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const FLAGS = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', chromiumSandbox: false, args: FLAGS });

export const DESKTOP = { width: 1200, height: 900 };
export const PHONE = { width: 390, height: 844 };

// Opens a page, lets `check` look at it, and fails on any error, or request other than for the file itself.
export async function open(name, options, check) {
  const context = await browser.newContext({ viewport: DESKTOP, ...options });
  const page = await context.newPage();
  const trouble = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && trouble.push(message.text()));
  page.on('pageerror', (error) => trouble.push(String(error)));
  page.on('request', (request) => request.url() !== `file://${folder}/${name}` && trouble.push(`request: ${request.url().slice(0, 100)}`));
  await page.goto(`file://${folder}/${name}`);
  await check(page);
  assert.deepEqual(trouble, [], name);
  await context.close();
}

// The same of the page whose address a file has, which may ask its own server and nobody else.
export async function live(name, check) {
  const address = readFileSync(`${folder}/${name}`, 'utf8').trim();
  const context = await browser.newContext({ viewport: DESKTOP });
  const page = await context.newPage();
  const trouble = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && !message.location().url.endsWith('favicon.ico') && trouble.push(message.text()));
  page.on('pageerror', (error) => trouble.push(String(error)));
  page.on('request', (request) => request.url().startsWith(address) || request.url().endsWith('favicon.ico') || trouble.push(`request: ${request.url().slice(0, 100)}`));
  await page.goto(address);
  await check(page);
  assert.deepEqual(trouble, [], name);
  await context.close();
}

// Waits for something to be so on the page, whose policy lets no text become code, as the browser's own way of waiting needs.
export async function until(page, so, given) {
  for (let tries = 0; tries < 600; tries += 1) {
    if (await page.evaluate(so, given)) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.fail(`never so: ${so}`);
}

// axe-core's rules, colours included; nothing may stick out to the side.
export async function wellMade(page, what) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run({ resultTypes: ['violations'] }));
  const told = found.violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' | ')}`);
  assert.deepEqual(told, [], what);
  const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  assert.ok(wide <= room, `${what} is ${wide} wide in ${room}`);
}

// Every look of a page: light and dark, desktop and phone, checked and photographed.
export async function everyLook(name) {
  for (const colorScheme of ['light', 'dark']) {
    for (const [width, viewport] of [['desktop', DESKTOP], ['phone', PHONE]]) {
      const what = `${name.replace('.html', '')}-${colorScheme}-${width}`;
      await open(name, { colorScheme, viewport }, async (page) => {
        await page.screenshot({ path: `${folder}/${what}.png`, fullPage: true });
        await wellMade(page, what);
      });
    }
  }
}

export const close = () => browser.close();
