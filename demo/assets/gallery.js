// Flicker: the apex appears and disappears twice a second, slower than what can harm (3 Hz).
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-flicker]');
  if (!button) return;
  const stage = button.closest('.flicker').querySelector('.flicker-stage');
  const on = stage.classList.toggle('running');
  button.textContent = on ? 'Stop' : 'Start';
  button.setAttribute('aria-pressed', String(on));
});
