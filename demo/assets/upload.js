// Sends one recording to the server as it is, with its progress; the answer is an id that only this
// browser can use. `element` is the component; `trigger` calls the server.
const zone = element.querySelector('.upload'), input = zone.querySelector('input');
const bar = zone.querySelector('progress'), state = zone.querySelector('.upload-state');
const LIMIT_BYTES = 1e6 * Number(zone.dataset.megabytes);
const ENDINGS = zone.dataset.endings.split(' ');
let sending = null;

function say(text, kind) {
  state.textContent = text;
  state.className = 'upload-state said ' + (kind || '');
}

function refusal(file) {
  const ending = file.name.includes('.') ? '.' + file.name.split('.').pop().toLowerCase() : '';
  if (!file.type.startsWith('video/') && !ENDINGS.includes(ending))
    return 'Invalid file type: ' + file.name + ' is no video. Choose a recording of a face.';
  if (file.size > LIMIT_BYTES)
    return file.name + ' is larger than ' + zone.dataset.megabytes + ' MB, the limit here.';
  return '';
}

function send(file) {
  if (sending) sending.abort();
  const refused = refusal(file);
  input.value = '';
  if (refused) return say(refused, 'refused');
  const mine = sending = new XMLHttpRequest();
  mine.open('POST', '/upload?name=' + encodeURIComponent(file.name.toWellFormed ? file.name.toWellFormed() : file.name));
  mine.setRequestHeader('Content-Type', 'application/octet-stream');
  mine.upload.onprogress = (event) => {
    if (event.lengthComputable && event.total) bar.value = event.loaded / event.total;
  };
  mine.onload = () => {
    end(mine);
    let told = {};
    try { told = JSON.parse(mine.responseText); } catch { /* a proxy's own page */ }
    if (mine.status === 200 && told.id) { say(''); trigger('upload', { id: told.id }); }
    else say(told.detail || 'The recording was not taken (' + mine.status + '). Try again.', 'refused');
  };
  mine.onerror = () => { end(mine); say('The connection was lost. Choose the recording again.', 'refused'); };
  bar.value = 0; bar.hidden = false;
  say('Sending ' + file.name + ' ...');
  mine.send(file);
}

function end(mine) {
  if (sending === mine) sending = null;
  bar.hidden = true;
}

input.addEventListener('change', () => { if (input.files[0]) send(input.files[0]); });
for (const name of ['dragenter', 'dragover'])
  zone.addEventListener(name, (event) => { event.preventDefault(); zone.classList.add('over'); });
for (const name of ['dragleave', 'drop'])
  zone.addEventListener(name, () => zone.classList.remove('over'));
zone.addEventListener('drop', (event) => {
  event.preventDefault();
  if (event.dataTransfer.files[0]) send(event.dataTransfer.files[0]);
});
