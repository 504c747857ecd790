"""Prints events and counts motion samples of a running mer-stream: python lsl_client.py [NAME]

    mer-stream webcam --lsl face                # in another terminal; pip install pylsl

Stamps are on LSL's clock: those of any other LSL stream, from EEG or an eye tracker, can be put
beside them (`inlet.time_correction()` for a stream of another machine).
"""

import json
import sys

import pylsl

name = sys.argv[1] if len(sys.argv) > 1 else "face"
found = {}
for wanted in (name, f"{name}-motion"):
    streams = pylsl.resolve_byprop("name", wanted, timeout=30.0)
    if not streams:
        sys.exit(f"no stream is called {wanted}: is mer-stream running with --lsl {name}?")
    found[wanted] = pylsl.StreamInlet(streams[0], recover=False)
    found[wanted].open_stream(timeout=30.0)
print("connected", flush=True)
events, motion = found[name], found[f"{name}-motion"]
samples = 0
try:
    while True:
        samples += len(motion.pull_chunk(timeout=0.0)[1])
        text, stamp = events.pull_sample(timeout=0.2)
        if text is not None:
            event = json.loads(text[0])
            units = f" AU {event['facs']}" if event["facs"] else ""
            print(f"{event['kind']} {event['emotion']}{units}: onset {event['onset_s']:.3f} s of "
                  f"the stream, {stamp:.3f} s of LSL", flush=True)  # fmt: skip
except pylsl.util.LostError:
    print(f"{samples} samples of motion; the run has ended", flush=True)
