"""Prints each event of a running mer-stream: python websocket_client.py [ws://127.0.0.1:8765/ws]

mer-stream webcam --serve-events            # in another terminal; pip install websockets
"""

import json
import sys

from websockets.sync.client import connect

address = sys.argv[1] if len(sys.argv) > 1 else "ws://127.0.0.1:8765/ws"
with connect(address + "?signals=0") as server:
    for text in server:  # ends with the run
        message = json.loads(text)
        if message["schema"] == "mer-stream/event/2":
            units = f"  AU {message['facs']}" if message["facs"] else ""
            print(f"{message['apex_s']:.3f} s  {message['kind']}  {message['emotion']}{units}",
                  flush=True)  # fmt: skip
