"use strict";
// The smallest client: one line per event, from Server-Sent Events of this server.
const state = document.getElementById("state");
const list = document.getElementById("events");
const source = new EventSource("events?signals=0");
source.onopen = () => { state.textContent = "connected"; };
source.addEventListener("event", (message) => {
  const event = JSON.parse(message.data);
  const line = document.createElement("li");
  const emotion = event.emotion === null ? "movement" : event.emotion;
  const units = event.facs ? `  AU ${event.facs}` : "";
  line.textContent = `${event.apex_s.toFixed(3)} s  ${event.kind}  face ${event.face_id}  ${emotion}${units}`;
  list.append(line);
});
source.addEventListener("end", () => { state.textContent = "the run has ended"; source.close(); });
