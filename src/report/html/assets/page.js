// Legends, one moment in all figures, the steps of one pod. A page whose figures change calls it again.
const mount = (data, at) => {
  const NS = 'http://www.w3.org/2000/svg';
  legends();

  const plots = [...document.querySelectorAll('.time svg.plot')];
  if (!data || !data.sides || !plots.length) return;
  const element = (name, attributes) => {
    const made = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  // One moment, in all figures.
  const slider = document.getElementById('moment');
  const readout = document.getElementById('readout');
  document.querySelector('.moment').hidden = false;
  slider.min = data.start;
  slider.max = data.end;
  slider.step = Math.min(...data.sides.map((side) => side.width), 1);
  const cursors = plots.map((plot) => {
    const line = element('line', { class: 'cursor', y1: 0, y2: plot.clientHeight - 20, visibility: 'hidden' });
    plot.append(line);
    return line;
  });
  const say = (t) => {
    const rest = Math.abs(t);
    const text = rest < 60 ? `${+rest.toFixed(1)} s` : `${Math.floor(rest / 60)} m ${Math.round(rest % 60)} s`;
    return t < 0 ? `-${text}` : text;
  };
  const state = ({ steps: [created, ready, deleted, , closed, gone] }, t) => {
    if (gone !== null && t >= gone) return 'gone';
    if (created !== null && t < created) return 'unborn';
    if (deleted !== null && t >= deleted) return closed !== null && t >= closed ? 'draining' : 'leaving';
    return created === null || (ready !== null && t >= ready) ? 'ready' : 'starting';
  };
  const span = (label, value) => {
    const made = document.createElement('span');
    const bold = document.createElement('b');
    bold.textContent = value;
    made.append(`${label} `, bold);
    return made;
  };
  // What one deploy has at a moment.
  const read = (side, t) => {
    const bins = side.values.length ? side.values[0].length : 1;
    const bin = Math.min(Math.max(Math.floor((t - side.first) / side.width), 0), bins - 1);
    const parts = side.labels.map((label, i) => span(label, side.values[i][bin] ?? '–'));
    for (const kind of ['starting', 'ready', 'leaving', 'draining']) {
      const count = side.pods.filter((pod) => state(pod, t) === kind).length;
      if (count || kind === 'ready') parts.push(span(`pods ${kind}${side.which}`, String(count)));
    }
    return parts;
  };
  const show = (t) => {
    const clamped = Math.min(Math.max(t, data.start), data.end);
    slider.value = clamped;
    slider.setAttribute('aria-valuetext', say(clamped));
    const x = `${((clamped - data.start) / (data.end - data.start)) * 100}%`;
    for (const line of cursors) {
      line.setAttribute('x1', x);
      line.setAttribute('x2', x);
      line.setAttribute('visibility', 'visible');
    }
    const lines = data.sides.map((side) => {
      const line = document.createElement('div');
      if (side.name) line.append(span('', side.name));
      line.append(...read(side, clamped));
      return line;
    });
    lines[0].prepend(span('at', say(clamped)));
    readout.replaceChildren(...lines);
  };
  slider.addEventListener('input', () => show(Number(slider.value)));
  const moment = (plot, event) => {
    const box = plot.getBoundingClientRect();
    return data.start + ((event.clientX - box.left) / box.width) * (data.end - data.start);
  };
  for (const plot of plots) plot.addEventListener('pointermove', (event) => show(moment(plot, event)));

  // The steps of one pod.
  const select = document.getElementById('pod');
  const steps = document.getElementById('steps');
  const names = ['created', 'Ready', 'deleted', 'SIGTERM', 'listener closed', 'gone'];
  const pods = data.sides.flatMap((side) => side.pods.map((pod) => ({ ...pod, side })));
  let frame = null;
  pods.forEach((pod, i) => select.append(new Option(pod.side.name ? `${pod.side.name}: ${pod.name}` : pod.name, String(i))));
  const pick = (i) => {
    if (frame) frame.remove();
    frame = null;
    const pod = pods[i];
    select.value = pod ? String(i) : '';
    if (!pod) return steps.replaceChildren();
    frame = element('rect', { class: 'picked', x: 0, width: '100%', y: pod.y, height: pod.h });
    document.getElementById(pod.side.plot).append(frame);
    const all = [...names.map((name, k) => [name, pod.steps[k]]), ['last proxy lets go', pod.unrouted]];
    const taken = all.filter(([, t]) => t !== null).sort((a, b) => a[1] - b[1]);
    const words = taken.map(([name, t]) => `${name === 'gone' && pod.killed ? 'killed' : name} ${say(t)}`);
    steps.textContent = words.length ? words.join(' · ') : 'there from the start, to the end';
  };
  select.addEventListener('change', () => pick(select.value === '' ? -1 : Number(select.value)));
  for (const side of data.sides) {
    document.getElementById(side.plot)?.addEventListener('click', (event) => {
      const y = event.clientY - document.getElementById(side.plot).getBoundingClientRect().top;
      pick(pods.findIndex((pod) => pod.side === side && y >= pod.y && y < pod.y + pod.h));
    });
  }
  if (!pods.length) document.querySelector('.pick').hidden = true;
  show(at ?? Math.max(0, data.start));
};
mount(JSON.parse(document.getElementById('data').textContent));
