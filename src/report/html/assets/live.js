// Sliders that re-run the forecast: the first replication at once, the others while nothing is moved.
(() => {
  const setup = JSON.parse(document.getElementById('data').textContent);
  const place = document.getElementById('forecast');
  const progress = document.getElementById('progress');
  const trouble = document.getElementById('trouble');
  const sliders = setup.knobs.map((_, i) => document.getElementById(`knob${i}`));
  const tell = () => setup.knobs.forEach((knob, i) => {
    const value = knob.values[Number(sliders[i].value)];
    sliders[i].setAttribute('aria-valuetext', value);
    const output = sliders[i].parentElement.querySelector('output');
    output.textContent = value;
    output.classList.toggle('moved', Number(sliders[i].value) !== knob.at);
  });
  // What is set: the sliders that do not stand where the file has them.
  const query = (n) => {
    const asked = new URLSearchParams();
    setup.knobs.forEach((knob, i) => {
      if (Number(sliders[i].value) !== knob.at) asked.append('set', `${knob.name}=${knob.values[Number(sliders[i].value)]}`);
    });
    if (n) asked.append('n', n);
    return asked;
  };

  const show = (forecast) => {
    trouble.hidden = !forecast.error;
    trouble.textContent = forecast.error || '';
    place.classList.toggle('old', Boolean(forecast.error));
    if (forecast.error) {
      progress.textContent = 'These settings cannot be simulated.';
      return;
    }
    // What one was looking at stays as it was.
    const moment = document.getElementById('moment');
    const at = moment && !document.querySelector('.moment').hidden ? Number(moment.value) : undefined;
    const pod = document.getElementById('pod')?.selectedOptions[0]?.textContent;
    const open = [...place.querySelectorAll('details[open] > summary')].map((s) => s.textContent);
    const off = [...place.querySelectorAll('.legend button[aria-pressed=false]')].map((b) => b.parentElement.dataset.series);
    place.innerHTML = forecast.body;
    for (const summary of place.querySelectorAll('summary')) if (open.includes(summary.textContent)) summary.parentElement.open = true;
    mount(JSON.parse(forecast.data), at);
    for (const item of place.querySelectorAll('.legend li[data-series]')) if (off.includes(item.dataset.series)) item.querySelector('button').click();
    const again = [...document.querySelectorAll('#pod option')].find((o) => o.textContent === pod && o.value !== '');
    if (again) {
      document.getElementById('pod').value = again.value;
      document.getElementById('pod').dispatchEvent(new Event('change'));
    }
    document.getElementById('command').textContent = forecast.command;
    document.getElementById('export').href = `scenario.yaml?${query()}`;
    progress.textContent = `${forecast.replications} of ${forecast.most} simulated deploys`;
  };

  // One question at a time; of those that came up meanwhile only the last counts.
  let wanted = null;
  let busy = false;
  const pump = async () => {
    if (busy) return;
    busy = true;
    while (wanted) {
      const asked = wanted;
      wanted = null;
      try {
        const forecast = await (await fetch(`forecast?${asked}`)).json();
        if (wanted) continue;
        show(forecast);
        if (!forecast.error && forecast.replications < forecast.most) wanted = query(forecast.next);
      } catch {
        progress.textContent = 'dryroll has ended: start it again, and load the page that it names.';
      }
    }
    place.setAttribute('aria-busy', 'false');
    busy = false;
  };
  const move = () => {
    tell();
    wanted = query(1);
    place.setAttribute('aria-busy', 'true');
    pump();
  };
  for (const slider of sliders) slider.addEventListener('input', move);
  document.getElementById('knobs').addEventListener('submit', (event) => event.preventDefault());
  // The sliders are reset after the event.
  document.getElementById('knobs').addEventListener('reset', () => setTimeout(move));
  move();
})();
