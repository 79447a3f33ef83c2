# SPDX-License-Identifier: MIT
"""Talks to web_peer_test with python3-websockets, an independent WebSocket implementation.

usage: web_peer_test.py check          can it be used here?
       web_peer_test.py client PORT    echoes through our server
       web_peer_test.py server         echoes for our client; prints its port; ends with stdin
"""
import asyncio
import sys

try:
    import websockets
except ImportError:
    sys.exit(1)

SIZES = (0, 1, 125, 126, 65535, 65536, 3_000_000)


async def client(port):
    uri = f"ws://127.0.0.1:{port}/ws"
    async with websockets.connect(uri, max_size=None, compression="deflate") as ws:
        for size in SIZES:
            data = bytes(i * 7 % 251 for i in range(size))
            await ws.send(data)
            assert await ws.recv() == data, size
            text = "grüße €😀 " * (size // 20)
            await ws.send(text)
            assert await ws.recv() == text, size
        await ws.send(["frag", "men", "", "ted"])
        assert await ws.recv() == "fragmented"
        await asyncio.wait_for(await ws.ping(b"are you there"), 30)
        await ws.close(4001, "bye")
        assert ws.close_code == 4001, ws.close_code
    async with websockets.connect(uri) as ws:
        await ws.send("close me")
        try:
            await ws.recv()
        except websockets.ConnectionClosed as end:
            assert (end.code, end.reason) == (1001, "as asked"), end
        else:
            raise AssertionError("not closed")
    try:
        await websockets.connect(f"ws://127.0.0.1:{port}/elsewhere")
    except websockets.InvalidStatusCode as end:
        assert end.status_code == 401, end
    else:
        raise AssertionError("not refused")


async def serve(ws, *_):
    async for message in ws:
        if message == "close me":
            await ws.close(4002, "as asked")
            return
        await ws.send(message)


async def server():
    async with websockets.serve(serve, "127.0.0.1", 0, max_size=None) as listening:
        print(listening.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if sys.argv[1] == "client":
    asyncio.run(client(int(sys.argv[2])))
elif sys.argv[1] == "server":
    asyncio.run(server())
