"""A way to the centre that misbehaves as it is told: it stands between nodes and a listener, and never opens TLS."""

from __future__ import annotations

import asyncio
import contextlib
import threading

GOOD, REFUSE, GARBAGE, SLOW, CUT = MODES = ("good", "refuse", "garbage", "slow", "cut")
SLOW_S = 3.0


class Relay:
    """Listens on a free port of 127.0.0.1 in a thread of its own. `mode` may change at any time: `refuse` closes every
    connection that comes, `garbage` answers with noise, `slow` holds each piece for seconds, `cut` breaks what is open.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._mode = GOOD
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay", daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10.0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    def be(self, mode: str) -> None:
        """From now on."""
        self._mode = mode
        if mode == CUT:
            self._loop.call_soon_threadsafe(self._break)

    def close(self) -> None:
        """Break everything and listen no more."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10.0)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10.0)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        self._break()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _break(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            if self._mode == GARBAGE:
                writer.write(b"\x16\x03\x03\x00\x05noise" * 20)
                await writer.drain()
            if self._mode in (GARBAGE, REFUSE, CUT):
                writer.transport.abort()
                return
            try:
                there, back = await asyncio.open_connection(*self._target)
            except OSError:  # the centre is not there: say so, instead of nothing for ever
                writer.transport.abort()
                return
            self._open |= {writer, back}
            try:
                await asyncio.gather(self._carry(reader, back), self._carry(there, writer))
            finally:
                self._open -= {writer, back}
                for end in (writer, back):
                    end.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65_536):
            if self._mode == SLOW:
                await asyncio.sleep(SLOW_S)
            writer.write(piece)
            await writer.drain()
        writer.transport.abort()
