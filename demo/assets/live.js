// The live camera. Every picture carries the time at which it was taken; the server throws the
// oldest away when it cannot keep up, and so does this script when the line is full.
const find = (what) => element.querySelector(what);
const FULL_LINE = 1.5e6;      // bytes that wait to be sent
const ENCODING = 3;           // pictures that are being compressed at a time
const CURVES_S = 6, FULL_SCALE_IOD = 0.04;
const GROUPS = JSON.parse(find('.mer-live').dataset.groups);
let run = null;

function say(text, kind) {
  const status = find('.live-status');
  status.textContent = text;
  status.className = 'live-status said ' + (kind || '');
}
function put(name, value) { find('[data-fact="' + name + '"]').textContent = value; }

async function start(token) {
  if (run) stop('');
  const mine = run = {
    token: token, number: 0, taken: new Map(), encoding: 0, dropped: 0, serverDropped: 0, origin: null,
    ready: false, seen: [], curves: [], last: 0, delays: [],
  };
  say('Asking for the camera ...');
  if (!navigator.mediaDevices) {
    run = null;
    return say('This browser gives no camera to this address. Open the page as http://127.0.0.1 or ' +
      'over https.', 'refused');
  }
  try {
    mine.stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: {
      width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } } });
  } catch (error) {
    if (run === mine) run = null;
    return say('No camera: ' + error.message + '. Allow it in the address bar, or connect one.', 'refused');
  }
  if (run !== mine) return end(mine);
  const video = find('video');
  video.srcObject = mine.stream;
  await video.play();
  say('The camera is on; loading the models ...');
  const scheme = location.protocol === 'https:' ? 'wss://' : 'ws://';
  mine.socket = new WebSocket(scheme + location.host + '/live/' + token);
  mine.socket.binaryType = 'arraybuffer';
  mine.socket.onmessage = (event) => { if (run === mine || mine.closing) hear(mine, JSON.parse(event.data)); };
  mine.socket.onclose = () => { if (run === mine) stop('The connection was closed. Start the camera again.', 'refused'); };
  const next = (now, facts) => {
    if (run !== mine) return;
    take(mine, video, now, facts);
    video.requestVideoFrameCallback(next);
  };
  video.requestVideoFrameCallback(next);
  mine.timer = setInterval(() => report(mine), 500);
}

function end(mine) {
  clearInterval(mine.timer);
  if (mine.stream) for (const track of mine.stream.getTracks()) track.stop();
  if (mine.socket && mine.socket.readyState < 2) {
    mine.closing = true;               // events that are open are still told
    if (mine.socket.readyState === 1) mine.socket.send('stop'); else mine.socket.close();
  }
}
function stop(text, kind) {
  const mine = run;
  run = null;
  if (mine) end(mine);
  find('video').srcObject = null;
  clearOverlay();
  if (text !== '') say(text || 'The camera is off.', kind);
}

function take(mine, video, now, facts) {
  if (mine.socket.readyState !== 1 || !video.videoWidth) return;
  if (!mine.shown) {           // a place is for those who show a picture; it gets no answer
    mine.shown = true;
    shoot(mine, video, 0, now);
  }
  if (!mine.ready) return;
  const time_ms = facts.captureTime || now;
  if (mine.encoding >= ENCODING || mine.socket.bufferedAmount > FULL_LINE) { mine.dropped += 1; return; }
  if (mine.origin === null) mine.origin = time_ms;
  const number = ++mine.number;
  mine.taken.set(number, time_ms);
  shoot(mine, video, number, time_ms);
}

function shoot(mine, video, number, time_ms) {
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext('2d').drawImage(video, 0, 0);
  mine.encoding += 1;
  canvas.convertToBlob({ type: 'image/jpeg', quality: 0.92 })
    .then((blob) => blob.arrayBuffer())
    .then((jpeg) => {
      const message = new Uint8Array(12 + jpeg.byteLength), head = new DataView(message.buffer);
      head.setFloat64(0, time_ms / 1000, true);
      head.setUint32(8, number, true);
      message.set(new Uint8Array(jpeg), 12);
      if (mine.socket.readyState === 1) mine.socket.send(message);
    })
    .finally(() => { mine.encoding -= 1; });
}

function hear(mine, told) {
  if (told.type === 'error') return stop(told.text, 'refused');
  if (told.type === 'ready') {
    mine.ready = true; mine.result = told.result;
    for (const link of element.querySelectorAll('a.download')) {
      link.href = '/visit/' + mine.token + '/' + mine.result + '/' + link.download + '?download=1';
      link.hidden = false;
    }
    return say('Watching. Look at the camera; movements appear below.', 'done');
  }
  mine.serverDropped = told.dropped;
  mine.missing = told.missing ? 'No face: ' + told.missing + '.' : '';
  const now = performance.now(), taken = mine.taken.get(told.number);
  if (taken !== undefined) {
    mine.seen.push(now);
    mine.delays.push(now - taken);
    for (const number of mine.taken.keys()) if (number <= told.number) mine.taken.delete(number); else break;
    draw(told.faces);
    remember(mine, (taken - mine.origin) / 1000, told.faces);
  }
  for (const event of told.events) add(mine, event, now);
}

function report(mine) {
  const now = performance.now();
  mine.seen = mine.seen.filter((at) => now - at < 2000);
  const rate = mine.seen.length / 2, delays = mine.delays.sort((a, b) => a - b);
  put('rate', rate.toFixed(0));
  if (delays.length) put('delay', delays[delays.length >> 1].toFixed(0) + ' ms');
  put('dropped', mine.dropped + mine.serverDropped);
  mine.delays = [];
  const lost = mine.dropped + mine.serverDropped - mine.last;
  mine.last += lost;
  const warning = find('.live-warning');
  mine.lost = [...(mine.lost || []), lost].slice(-4);
  const share = mine.lost.reduce((a, b) => a + b, 0) / Math.max(mine.seen.length, 1);
  if (mine.ready && mine.number > 60 && share > 0.05)
    warning.textContent = 'This machine does not keep up: it throws away the oldest pictures (' + Math.round(100 * share / (1 + share)) + '% just now). Times stay right; very short movements may be missed.';
  else if (mine.ready && mine.number > 60 && rate < 20)
    warning.textContent = 'Only ' + rate.toFixed(0) + ' pictures a second arrive (dark rooms slow cameras down): very short movements may be missed.';
  else warning.textContent = mine.missing || '';
}

function clearOverlay() { const one = find('canvas.overlay'); one.getContext('2d').clearRect(0, 0, one.width, one.height); }
function draw(faces) {
  const video = find('video'), one = find('canvas.overlay');
  if (one.width !== video.videoWidth) { one.width = video.videoWidth; one.height = video.videoHeight; }
  clearOverlay();
  const pen = one.getContext('2d');
  pen.lineWidth = 3; pen.font = '18px system-ui'; pen.strokeStyle = pen.fillStyle = '#5cc8ff';
  for (const face of faces) {
    const [x0, y0, x1, y1] = face.box;
    pen.strokeRect(x0, y0, x1 - x0, y1 - y0);
    pen.fillText('face ' + face.id + (face.gates?.length ? ': ' + face.gates.join(', ') : ''), x0, y0 - 6);
  }
  put('faces', faces.length);
}

function remember(mine, time_s, faces) {
  const face = faces.find((one) => one.motion);
  mine.curves.push([time_s, face ? face.motion : null]);
  while (mine.curves[0][0] < time_s - CURVES_S) mine.curves.shift();
  const one = find('canvas.curves'), pen = one.getContext('2d');
  const style = getComputedStyle(element);
  const peak = Math.max(FULL_SCALE_IOD, ...mine.curves.map((row) => row[1] ? Math.max(...row[1]) : 0));
  pen.clearRect(0, 0, one.width, one.height);
  GROUPS.forEach((_, group) => {
    pen.strokeStyle = style.getPropertyValue('--g' + group);
    pen.lineWidth = 2;
    pen.beginPath();
    let down = false;
    for (const [at, values] of mine.curves) {
      if (!values) { down = false; continue; }
      const x = one.width * (1 - (time_s - at) / CURVES_S), y = (one.height - 4) * (1 - values[group] / peak) + 2;
      if (down) pen.lineTo(x, y); else pen.moveTo(x, y);
      down = true;
    }
    pen.stroke();
  });
  put('scale', peak.toFixed(2));
}

// As `reading` of streamer/outputs/units.py.
function read(event) {
  const units = event.facs && event.facs !== event.because ? ['AU ' + event.facs] : [];
  if (event.because) units.push('because ' + event.because);
  const prototype = event.prototype ? ' [reads as ' + event.prototype + ']' : '';
  return units.length || prototype ? ' ' + units.join(', ') + prototype + ',' : '';
}

function add(mine, event, now) {
  const late_s = (now - mine.origin) / 1000 - event.offset_s;
  const item = document.createElement('li'), badge = document.createElement('span');
  item.className = 'mer-card'; item.dataset.event = event.id; item.dataset.late = late_s.toFixed(3);
  badge.className = 'badge ' + (event.emotion || 'movement');
  badge.textContent = event.kind + ' ' + (event.emotion ? event.emotion + ' ' + Math.round(100 * event.confidence) + '%' : 'movement');
  const text = document.createElement('span');
  text.textContent = read(event) + ' at ' + event.apex_s.toFixed(2) + ' s, ' + (event.offset_s - event.onset_s).toFixed(2) +
    ' s long, face ' + event.face_id + ': ' + event.regions.slice(0, 3).join(', ').replaceAll('_', ' ') +
    '. Shown ' + late_s.toFixed(2) + ' s after it ended. ';
  const inside = document.createElement('button');
  inside.type = 'button'; inside.className = 'link'; inside.textContent = 'Look inside';
  inside.onclick = () => trigger('select', { result: mine.result, event: event.id });
  item.append(badge, text, inside);
  const list = find('.live-events');
  list.prepend(item);
  while (list.children.length > 50) list.lastElementChild.remove();
}

document.addEventListener('mer-live-start', (event) => { find('.live-events').replaceChildren(); start(event.detail); });
document.addEventListener('mer-live-stop', () => { if (run) stop(); });
window.addEventListener('pagehide', () => { if (run) stop(); });
