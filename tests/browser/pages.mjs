// What must hold of the pages that tests/browser/run has written.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { PHONE, close, everyLook, folder, live, open, until, wellMade } from './browser.mjs';

async function readout(page) {
  return page.locator('#readout').innerText();
}

// The page of one forecast, with everything that moves.
await open('run.html', {}, async (page) => {
  assert.match(await page.locator('.sentence').innerText(), /A deploy drops 2,294 requests/);
  assert.equal(await page.locator('svg.plot').count(), 6);
  for (const mark of ['failures-k0', 'pods-ready', 'pods-stale', 'capacity-dip', 'reconnects-reconnects', 'latency-heat', 'underway-flight']) {
    assert.ok((await page.locator(`svg.plot path.${mark}`).first().getAttribute('d')).length > 20, `${mark} is drawn`);
  }
  assert.equal(await page.locator('#pod option').count(), 41, '40 pods and none');
  const painted = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0);
  assert.ok(painted < 1000, `first paint after ${painted} ms`);

  // Hover shows a moment in all figures.
  const before = await readout(page);
  assert.match(before, /at 0 s/);
  const box = await page.locator('#capacity').boundingBox();
  await page.locator('#capacity').hover({ position: { x: box.width * 0.7, y: 40 } });
  const hovered = await readout(page);
  assert.notEqual(hovered, before);
  assert.match(hovered, /pods ready \d+/);
  const lines = await page.locator('line.cursor').evaluateAll((all) => new Set(all.map((l) => l.getAttribute('x1'))).size);
  assert.equal(lines, 1, 'one moment in all figures');

  // So do the keys.
  await page.locator('#moment').focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowRight');
  assert.match(await page.locator('#moment').getAttribute('aria-valuetext'), /^-\d+ s$/);

  // A legend switches its series, by keyboard too.
  const entry = page.locator('#fig-failures .legend button').first();
  await entry.focus();
  await page.keyboard.press('Enter');
  assert.equal(await page.locator('#failures path.failures-k0').isVisible(), false);
  assert.equal(await entry.getAttribute('aria-pressed'), 'false');
  await entry.click();
  assert.equal(await page.locator('#failures path.failures-k0').isVisible(), true);

  // The steps of one pod, by a click on its lane or by name.
  await page.locator('#pods').click({ position: { x: 60, y: 13 * 2.5 } });
  assert.match(await page.locator('#steps').innerText(), /deleted .* SIGTERM .* listener closed .* gone/);
  assert.match(await page.locator('#pod option:checked').innerText(), /old-2$/);
  await page.locator('#pod').selectOption({ label: 'rolling-default-new-3' });
  assert.match(await page.locator('#steps').innerText(), /^created .* Ready /);
  await wellMade(page, 'a page in use');
});

// Complete without script.
await open('run.html', { javaScriptEnabled: false }, async (page) => {
  assert.equal(await page.locator('.moment').isVisible(), false);
  assert.equal(await page.locator('svg.plot').first().isVisible(), true);
  assert.equal(await page.locator('.legend li').first().isVisible(), true);
});

// Readable on paper, and where a result was all that was kept.
await open('run.html', {}, async (page) => {
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.locator('.moment').isVisible(), false);
  assert.ok((await page.pdf()).length > 10_000);
});
await open('result.html', {}, async (page) => {
  assert.equal(await page.locator('svg.plot').count(), 6);
  assert.equal(await page.locator('path.pods-stale').count(), 0);
});
await open('steady.html', {}, (page) => wellMade(page, 'a steady fleet'));
await open('fleet.html', {}, (page) => wellMade(page, 'a hundred pods'));

// The page of a sweep: maps, sliders, a combination chosen.
await open('sweep.html', {}, async (page) => {
  assert.match(await page.locator('.sentence').innerText(), /^Best by dropped: .*preStop 2s/);
  const map = page.locator('#map');
  assert.equal(await map.locator('button').count(), await page.locator('#slices table').first().locator('td[style]').count());
  const before = await map.innerText();
  await page.locator('.controls input[type=range]').focus();
  await page.keyboard.press('End');
  assert.notEqual(await map.innerText(), before, 'a slider changes the map');
  await page.locator('#figure').selectOption({ label: 'rollout' });
  assert.match(await map.locator('button').first().innerText(), / s/);
  const down = await page.locator('#down option:checked').innerText();
  await page.locator('#down').selectOption({ index: 2 });
  assert.notEqual(await page.locator('#down option:checked').innerText(), down);
  await map.locator('button').first().focus();
  await page.keyboard.press('Enter');
  assert.match(await page.locator('#chosen code').innerText(), /^dryroll run tests\/data\/cli\/small.yaml --replications 3 --set maxSurge=.* --set preStop=/);
  assert.ok(await page.locator('#front circle.best').count() >= 1, 'the front is drawn');
  const threads = await page.locator('#parallel path.thread').evaluateAll((all) => all.map((p) => p.getAttribute('d').match(/M/g).length));
  assert.equal(threads.reduce((a, b) => a + b), 18, 'a line for each combination');
  await page.locator('#fig-parallel .legend button').first().click();
  assert.equal(await page.locator('#parallel path.thread').first().isVisible(), false);
  await wellMade(page, 'a sweep in use');
});
await open('sweep.html', { javaScriptEnabled: false }, async (page) => {
  assert.equal(await page.locator('#explore').isVisible(), false);
  assert.equal(await page.locator('#slices td[style]').count(), 18);
  assert.equal(await page.locator('#slices td[style]').first().isVisible(), true);
});
// The page of a comparison: what differs, where the policies part, one moment on both sides.
await open('compare.html', {}, async (page) => {
  assert.match(await page.locator('.sentence').innerText(), /wait – better: dropped/);
  assert.equal(await page.locator('#differences circle.mean').count(), 7);
  const [dropped, middle] = await page.evaluate(() => ['#differences circle.mean.blue', '#differences path.differences-none'].map((s) => document.querySelector(s).getBoundingClientRect().left));
  assert.ok(dropped > middle, 'fewer drops lie on the better side');
  assert.match(await page.locator('.parting').innerText(), /\+0\.\d+ s: pod rolling-default-old-0 is sent SIGTERM\s+\+7\.\d+ s: pod rolling-default-old-0 is sent SIGTERM/);
  assert.equal(await page.locator('.time svg.plot').count(), 12, 'six figures of each');
  const scales = await page.locator('#fig-failures svg.plot').evaluateAll((all) => all.map((svg) => [...svg.querySelectorAll('text.y')].map((t) => t.textContent).join()));
  assert.equal(scales[0], scales[1], 'the same scale');
  const box = await page.locator('#capacity-1').boundingBox();
  await page.locator('#capacity-1').hover({ position: { x: box.width * 0.6, y: 40 } });
  const [first, second] = await page.locator('#readout > div').allInnerTexts();
  assert.match(first, /^at \d+.* s\s+rolling-default.*stale route/s);
  assert.match(second, /^wait.*capacity/s);
  assert.equal(await page.locator('line.cursor').evaluateAll((all) => new Set(all.map((l) => l.getAttribute('x1'))).size), 1);
  await page.locator('#fig-failures .legend button').first().click();
  assert.equal(await page.locator('#failures-0 path.failures-k0').isVisible(), false);
  await page.locator('#pod').selectOption({ label: 'wait: rolling-default-old-2' });
  assert.match(await page.locator('#steps').innerText(), /deleted .* SIGTERM/);
  assert.equal(await page.locator('#pods-1 rect.picked').count(), 1);
  await wellMade(page, 'a comparison in use');
});
await open('compare-kept.html', {}, async (page) => {
  assert.equal(await page.locator('.time svg.plot').count(), 12);
  assert.equal(await page.locator('.parting').count(), 1);
});
// The page of a recommendation: what to change, what else there is, how near it breaks.
await open('recommend.html', {}, async (page) => {
  assert.match(await page.locator('.sentence').innerText(), /the objectives hold/);
  assert.ok(await page.locator('.changes tbody tr').count() >= 1, 'something is to be changed');
  assert.equal(await page.locator('#choice circle.best').count(), 1);
  assert.match(await page.locator('#choice text.l').allTextContents().then((t) => t.join(' ')), /recommended/);
  await page.locator('#fig-limits .legend button').first().focus();
  await page.keyboard.press('Enter');
  assert.equal(await page.locator('#limits path.limits-holds').isVisible(), false);
  await wellMade(page, 'a recommendation in use');
});
// Sliders: the figures become those that `run --set` gives.
await live('live.txt', async (page) => {
  await until(page, () => document.getElementById('progress').textContent.startsWith('4 of 4'));
  const before = await page.locator('.sentence').innerText();
  assert.equal(await page.locator('.time svg.plot').count(), 6);
  const stops = await page.evaluate(() => JSON.parse(document.getElementById('data').textContent).knobs.find((k) => k.name === 'preStop').values);
  const drawn = () => page.evaluate(() => ['#pods path.pods-leaving', '#failures path.failures-k0'].map((s) => document.querySelector(s)?.getAttribute('d')));
  const timeline = await drawn();
  const slider = page.getByLabel('preStop');
  await slider.focus();
  while (stops[Number(await slider.inputValue())] !== '2s') await page.keyboard.press('ArrowRight');
  await until(page, () => document.getElementById('progress').textContent.startsWith('4 of 4') && document.getElementById('command').textContent.includes('preStop=2s'));
  assert.notEqual(await page.locator('.sentence').innerText(), before);
  // The timeline has moved with it: pods listen on while they leave, and nothing is dropped any more.
  const moved = await drawn();
  assert.ok(moved[0].length > 20 && moved[0] !== timeline[0], 'the lanes change');
  assert.notEqual(moved[1], timeline[1], 'the drops change');
  // What one has arrived at can be taken along.
  const taken = await page.evaluate(async () => (await fetch(document.getElementById('export').href)).text());
  assert.match(taken, /preStop: 2s/);
  // Letter by letter the body of the page of that run.
  const written = readFileSync(`${folder}/live-set.html`, 'utf8');
  const [sentence, figures] = await page.evaluate((text) => {
    const other = new DOMParser().parseFromString(text, 'text/html');
    return ['.sentence', '.figures'].map((s) => [document, other].map((d) => d.querySelector(s).textContent));
  }, written);
  assert.equal(sentence[0], sentence[1]);
  assert.equal(figures[0], figures[1]);
  await wellMade(page, 'sliders');
  await page.screenshot({ path: `${folder}/live-desktop.png` });
  await page.setViewportSize(PHONE);
  await wellMade(page, 'sliders on a phone');
  await page.screenshot({ path: `${folder}/live-phone.png`, fullPage: true });
  // What cannot be simulated is said, and the way back is a button.
  await page.getByLabel('maxSurge').focus();
  await page.keyboard.press('Home');
  await page.getByLabel('maxUnavailable').focus();
  await page.keyboard.press('Home');
  await page.locator('#trouble').waitFor();
  assert.match(await page.locator('#trouble').innerText(), /can never make progress/);
  await wellMade(page, 'sliders in trouble');
  await page.getByRole('button', { name: 'As in the file' }).click();
  await until(page, (text) => document.querySelector('.sentence')?.textContent.includes(text.slice(2, 20)) && document.getElementById('trouble').hidden, before);
});
await everyLook('run.html');
await everyLook('compare.html');
await everyLook('sweep.html');
await everyLook('recommend.html');
await close();
console.log('the pages are well made');
