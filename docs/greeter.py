#!/usr/bin/env python3
"""Greets everybody who comes into a room: python3 greeter.py lab

It speaks as the user whose localchat is in the room on this machine, beside that user's console; a bot that lets people in or removes
them need not own the room: a deputy may. Further arguments are for localchat. docs/interface.md, "JSON-RPC", has all methods and events.
"""

import json
import subprocess
import sys

if len(sys.argv) < 2:
    sys.exit(__doc__)
room, more = sys.argv[1], sys.argv[2:]
node = subprocess.Popen(
    ["localchat", "rpc", *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
)


def request(method, **params):
    """Sends a request. Its answer has the name of the method as its id."""
    line = json.dumps({"jsonrpc": "2.0", "id": method, "method": method, "params": params})
    print(line, file=node.stdin, flush=True)


request("node.subscribe", room=room, types=["member_joined"])
try:
    for line in node.stdout:
        message = json.loads(line)
        if "error" in message:
            error = message["error"]
            sys.exit(f"{error['message']}: {error['data']['hint']}")
        if message.get("id") == "node.subscribe":
            print(f"greeting in {room}", flush=True)
        event = message.get("params", {})
        if event.get("type") == "member_joined":
            request("room.say", room=event["room"], text=f"hello {event['nick']}, and welcome")
except KeyboardInterrupt:
    node.stdin.close()
sys.exit(node.wait())
