'use strict';
// Each entry of a legend becomes a button that switches its series.
const legends = () => {
  for (const item of document.querySelectorAll('.legend li[data-series]')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.setAttribute('aria-pressed', 'true');
    button.append(...item.childNodes);
    item.append(button);
    const drawn = [...item.closest('figure').querySelectorAll('path')].filter((p) => p.classList.contains(item.dataset.series));
    button.addEventListener('click', () => {
      const on = button.getAttribute('aria-pressed') !== 'true';
      button.setAttribute('aria-pressed', String(on));
      for (const path of drawn) path.classList.toggle('off', !on);
    });
  }
};
