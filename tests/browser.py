"""A headless Chromium, driven by the DevTools protocol over aiohttp: nothing else has to be installed.

https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import os
import shutil
import signal
import tempfile
from pathlib import Path

import aiohttp

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)

# How words stand out from their ground, by the Web Content Accessibility Guidelines: `contrast(element)`.
CONTRAST = """
const parts = color => { const [r, g, b, a = 1] = color.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
const over = ([r, g, b, a], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a), 1];
const ground = element => {
  if (element === null) return [255, 255, 255, 1];
  const color = parts(getComputedStyle(element).backgroundColor);
  return color[3] === 1 ? color : over(color, ground(element.parentElement));
};
const light = color => {
  const [r, g, b] = color.slice(0, 3).map(part => part / 255)
    .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = element => {
  const below = ground(element);
  const [low, high] = [light(over(parts(getComputedStyle(element).color), below)), light(below)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
};
"""


def program():
    """Return the path of a Chromium, None if there is none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Page:
    """A tab.

    Attributes:
        problems: errors and warnings of its console, and exceptions that nobody caught.
    """

    def __init__(self, socket):
        self._socket = socket
        self._numbers = itertools.count(1)
        self.problems = []

    async def do(self, method, **arguments):
        """Give a command, and return what came of it."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": arguments})
        async with asyncio.timeout(60):
            while True:
                told = await self._socket.receive_json()
                self._note(told)
                if told.get("id") == number:
                    assert "error" not in told, told["error"]
                    return told["result"]

    def _note(self, told):
        details = told.get("params", {})
        match told.get("method"):
            case "Runtime.exceptionThrown":
                self.problems.append(details["exceptionDetails"].get("text"))
            case "Log.entryAdded" if details["entry"]["level"] in ("error", "warning"):
                self.problems.append(details["entry"]["text"])

    async def open(self, url):
        for domain in ("Page", "Runtime", "Log", "Accessibility"):
            await self.do(f"{domain}.enable")
        await self.do("Page.navigate", url=url)

    async def value(self, script):
        """Return the value of a script, which may be a promise."""
        told = await self.do("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    async def until(self, script):
        """Wait until a script is true, and return what it is."""
        async with asyncio.timeout(60):
            while not (value := await self.value(script)):
                await asyncio.sleep(0.05)
        return value

    async def click(self, selector):
        """Click where a person would: in the middle of an element."""
        box = f"(() => {{ const r = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
        x, y = await self.value(box + " return [r.x + r.width / 2, r.y + r.height / 2]; })()")
        for kind in ("mousePressed", "mouseReleased"):
            await self.do("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def type(self, text):
        """Type where the focus is."""
        await self.do("Input.insertText", text=text)

    async def press(self, key, code):
        for kind in ("keyDown", "keyUp"):
            await self.do("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    async def names(self):
        """Return the roles and names by which a screen reader knows what is there."""
        tree = (await self.do("Accessibility.getFullAXTree"))["nodes"]
        return {
            (node["role"]["value"], node.get("name", {}).get("value", "")) for node in tree if not node.get("ignored")
        }

    async def look(self, *, dark=False, width=1000, height=620):
        """Choose the theme and the size of the window."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.do("Emulation.setEmulatedMedia", features=[scheme])
        await self.do(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )

    async def shot(self):
        """Return what is seen, as the bytes of a PNG."""
        return base64.b64decode((await self.do("Page.captureScreenshot", format="png"))["data"])


@contextlib.asynccontextmanager
async def chromium():
    """Run a Chromium of its own while the block runs, and give a tab."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        process = await asyncio.create_subprocess_exec(
            *(program(), *FLAGS, f"--user-data-dir={folder}", "about:blank"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            port = await _port(Path(folder) / "DevToolsActivePort", process)
            async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
                async with http.get("/json/list") as answer:
                    tabs = await answer.json()
                address = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
                async with http.ws_connect(address, max_msg_size=0) as socket:
                    yield Page(socket)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def _port(file, process):
    async with asyncio.timeout(90):
        while not (file.exists() and (lines := file.read_text().splitlines())):
            assert process.returncode is None, "Chromium has ended"
            await asyncio.sleep(0.05)
    return int(lines[0])
