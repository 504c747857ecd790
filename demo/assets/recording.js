// The player and its timeline. `element` is the component; `trigger` calls the server.
const find = (what) => element.querySelector(what);

function select(id) {
  for (const row of element.querySelectorAll('tr[data-row]'))
    row.classList.toggle('chosen', row.dataset.row === id);
  for (const mark of element.querySelectorAll('.tl-event')) {
    const chosen = mark.dataset.event === id;
    mark.classList.toggle('chosen', chosen);
    if (chosen) mark.setAttribute('aria-current', 'true'); else mark.removeAttribute('aria-current');
  }
}

function seek(time_s) {
  const player = find('video.player');
  if (player) { player.currentTime = time_s; follow(); }
}

function follow() {
  const player = find('video.player'), area = find('.tl-scroll'), line = find('.tl-head-line');
  if (!player || !area || !line) return;
  const clock = area.dataset, at_s = (player.currentTime - Number(clock.start)) / Number(clock.speed);
  const share = Math.max(0, Math.min(at_s / Number(clock.duration), 1));
  line.style.left = (100 * share) + '%';
  const at = share * area.scrollWidth;
  if (!player.paused && (at < area.scrollLeft || at > area.scrollLeft + area.clientWidth))
    area.scrollLeft = at - area.clientWidth / 4;
}

element.addEventListener('click', (event) => {
  const inside = event.target.closest('[data-inside]');
  if (inside) {
    select(inside.dataset.inside);
    const result = find('.mer-result').dataset.result;
    trigger('select', { result: result, event: inside.dataset.inside });
    return;
  }
  const jump = event.target.closest('[data-seek]');
  if (jump) { select(jump.dataset.event); seek(Number(jump.dataset.seek)); return; }
  const plot = event.target.closest('.tl-plot, .tl-axis');
  if (plot) {
    const box = find('.tl-inner').getBoundingClientRect();
    const clock = find('.tl-scroll').dataset, share = (event.clientX - box.left) / box.width;
    seek(Number(clock.start) + Number(clock.speed) * share * Number(clock.duration));
  }
});
element.addEventListener('input', (event) => {
  if (event.target.matches('.tl-zoom'))
    find('.tl-inner').style.width = (100 * Number(event.target.value)) + '%';
});
// Media events do not bubble; they are seen on the way down.
for (const name of ['timeupdate', 'seeked', 'loadedmetadata'])
  element.addEventListener(name, follow, true);
