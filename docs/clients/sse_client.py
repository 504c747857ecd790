"""Prints each event of a running mer-stream: python sse_client.py [http://127.0.0.1:8765/events]

    mer-stream webcam --serve-events            # in another terminal

Server-Sent Events are lines of text; Python's own library reads them.
"""

import json
import sys
import urllib.request

address = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8765/events"
kind = ""
with urllib.request.urlopen(address + "?signals=0") as stream:
    for line in stream:  # ends with the run
        name, _, value = line.decode("utf-8").rstrip("\n").partition(": ")
        if name == "event":
            kind = value
        elif name == "data" and kind == "event":
            event = json.loads(value)
            units = f"  AU {event['facs']}" if event["facs"] else ""
            print(f"{event['apex_s']:.3f} s  {event['kind']}  {event['emotion']}{units}",
                  flush=True)  # fmt: skip
