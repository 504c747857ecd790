// The frame player. Re-rendered with every change of the slider; it listens on the component.
let timer = null;

function strip() { return element.querySelector('.strip'); }

function show(frame) {
  const one = strip();
  if (!one) return;
  const columns = Number(one.dataset.columns), rows = Number(one.dataset.rows);
  const x = frame % columns, y = Math.floor(frame / columns);
  one.querySelector('.strip-picture').style.backgroundPosition =
    (columns > 1 ? 100 * x / (columns - 1) : 0) + '% ' + (rows > 1 ? 100 * y / (rows - 1) : 0) + '%';
  one.querySelector('input').value = frame;
  one.querySelector('output').textContent = Number(one.dataset.times.split(',')[frame]).toFixed(3) + ' s';
}

function stop() {
  clearTimeout(timer); timer = null;
  const button = element.querySelector('[data-play]');
  if (button) { button.textContent = 'Play'; button.setAttribute('aria-pressed', 'false'); }
}

function play() {
  const one = strip();
  if (!one) return stop();
  const times = one.dataset.times.split(',').map(Number);
  const at = Number(one.querySelector('input').value), next = (at + 1) % times.length;
  show(next);
  const wait_s = next === 0 ? 0.1 : times[next] - times[at];
  timer = setTimeout(play, Math.min(Math.max(5000 * wait_s, 30), 1000));
}

element.addEventListener('click', (event) => {
  const frame = event.target.closest('[data-frame]');
  if (frame) { stop(); show(Number(frame.dataset.frame)); return; }
  const button = event.target.closest('[data-play]');
  if (!button) return;
  if (timer) return stop();
  button.textContent = 'Pause'; button.setAttribute('aria-pressed', 'true');
  play();
});
element.addEventListener('input', (event) => {
  if (event.target.closest('.strip')) { stop(); show(Number(event.target.value)); }
});
function fresh() { stop(); const one = strip(); if (one) show(Number(one.dataset.apex)); }
watch('value', fresh);
fresh();
