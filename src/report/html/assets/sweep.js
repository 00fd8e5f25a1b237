(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  legends();

  const place = document.getElementById('explore');
  if (!place || !data.axes.length) return;
  const map = document.getElementById('map');
  const chosen = document.getElementById('chosen');
  const controls = place.querySelector('.controls');
  const make = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const marks = { best: ' ★', like: ' ≈', unsure: ' ?', broken: ' ✗' };
  const at = { figure: data.figure, down: 0, across: data.axes.length > 1 ? 1 : -1, steps: data.axes.map(() => 0) };

  // A list to choose from.
  const choice = (label, id, names, value, change) => {
    const select = make('select', { id });
    names.forEach((name, i) => select.append(new Option(name, String(i), false, i === value)));
    select.addEventListener('change', () => change(Number(select.value)));
    controls.append(make('div', {}, make('label', { for: id }, label), ' ', select));
  };
  const names = data.axes.map((axis) => axis.name);
  const build = () => {
    controls.replaceChildren();
    choice('Figure', 'figure', data.figures, at.figure, (i) => { at.figure = i; draw(); });
    if (at.across >= 0) {
      choice('Down', 'down', names, at.down, (i) => { if (i === at.across) at.across = at.down; at.down = i; build(); document.getElementById('down').focus(); });
      choice('Across', 'across', names, at.across, (i) => { if (i === at.down) at.down = at.across; at.across = i; build(); document.getElementById('across').focus(); });
    }
    data.axes.forEach((axis, i) => {
      if (i === at.down || i === at.across) return;
      const id = `axis${i}`;
      const slider = make('input', { type: 'range', id, min: 0, max: axis.values.length - 1, step: 1 });
      const value = make('output', { for: id });
      const tell = () => {
        value.textContent = axis.values[at.steps[i]];
        slider.setAttribute('aria-valuetext', axis.values[at.steps[i]]);
      };
      slider.value = at.steps[i];
      slider.addEventListener('input', () => { at.steps[i] = Number(slider.value); tell(); draw(); });
      tell();
      controls.append(make('div', {}, make('label', { for: id }, axis.name), ' ', slider, ' ', value));
    });
    draw();
  };

  const pick = (i) => {
    const row = data.rows[i];
    const list = make('dl');
    data.figures.forEach((name, f) => list.append(make('dt', {}, name), make('dd', {}, make('strong', {}, row.figures[f]), ` ${row.intervals[f]}`)));
    const settings = data.columns.map((name, c) => `${name} ${row.settings[c]}`).join(', ');
    const words = row.error || row.verdict;
    chosen.replaceChildren(make('h3', {}, settings), list, ...(words ? [make('p', {}, words)] : []), make('p', {}, make('code', {}, row.command)));
  };
  const draw = () => {
    const down = data.axes[at.down];
    const across = at.across >= 0 ? data.axes[at.across] : { name: '', values: [''], steps: down.steps.map(() => 0) };
    const find = (d, a) => data.rows.findIndex((_, i) => down.steps[i] === d && across.steps[i] === a &&
      data.axes.every((axis, k) => k === at.down || k === at.across || axis.steps[i] === at.steps[k]));
    const head = make('thead');
    if (across.name) head.append(make('tr', {}, make('td'), make('th', { scope: 'colgroup', colspan: across.values.length }, across.name)));
    head.append(make('tr', {}, make('th', { scope: 'col' }, down.name), ...across.values.map((v) => make('th', { scope: 'col' }, v || data.figures[at.figure]))));
    const body = make('tbody');
    down.values.forEach((value, d) => {
      const line = make('tr', {}, make('th', { scope: 'row' }, value));
      across.values.forEach((_, a) => {
        const i = find(d, a);
        if (i < 0) return line.append(make('td'));
        const row = data.rows[i];
        const button = make('button', { type: 'button' }, row.mark === 'failed' ? '–' : row.figures[at.figure] + (at.figure === data.figure || row.mark === 'broken' ? marks[row.mark] || '' : ''));
        button.addEventListener('click', () => pick(i));
        line.append(make('td', { style: `--v:${data.levels[at.figure][i]}` }, button));
      });
      body.append(line);
    });
    map.replaceChildren(head, body);
  };
  document.getElementById('slices').open = false;
  place.hidden = false;
  build();
})();
