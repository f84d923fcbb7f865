"""
Debian's Chromium, steered by its debugging protocol over a pipe: no driver and no library between.
"""

from __future__ import annotations

import base64
import json
import os
import select
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.peer import PATIENCE, Peer, mortal
from tests.support.started import borrowed

WIDE, NARROW = 1280, 360
"""Pixels: a desk's screen, and a small telephone's."""

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--ignore-certificate-errors",
    "--remote-debugging-pipe",
)


class Browser(Peer):
    """A browser with a profile of its own."""

    def __init__(self, directory: Path) -> None:
        """@param directory: for its profile."""
        program = borrowed("chromium", "chromium")
        there, self._out = os.pipe()
        self._in, back = os.pipe()
        command = [program, *_FLAGS, f"--user-data-dir={directory}", "about:blank"]
        # Not sh: that of Debian knows descriptors of one digit only.
        shell = f'exec "$@" 3<&{there} 4>&{back}'
        self._process = subprocess.Popen(
            mortal("bash", "-c", shell, "bash", *command),
            pass_fds=(there, back),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(directory), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        )
        os.close(there)
        os.close(back)
        self._count = 0
        self._pages: list[str] = []
        self._heard = b""
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, session: str = "", **said: Any) -> dict[str, Any]:
        """Ask something, and wait for the answer; what happens meanwhile is kept."""
        self._count += 1
        question: dict[str, Any] = {"id": self._count, "method": method, "params": said}
        if session:
            question["sessionId"] = session
        os.write(self._out, json.dumps(question).encode() + b"\0")
        while True:
            answer = self._next(PATIENCE)
            if answer.get("id") == self._count:
                assert "error" not in answer, (method, answer["error"])
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def _next(self, seconds: float) -> dict[str, Any]:
        while b"\0" not in self._heard:
            ready, _, _ = select.select([self._in], [], [], seconds)
            assert ready, "the browser is silent"
            data = os.read(self._in, 1 << 20)
            assert data, "the browser has ended"
            self._heard += data
        one, _, self._heard = self._heard.partition(b"\0")
        said: dict[str, Any] = json.loads(one)
        return said

    def page(self, width: int = WIDE, dark: bool = False, script: bool = True) -> Page:
        """An empty page."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        answer = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._pages.append(target)
        return Page(self, answer["sessionId"], width, dark, script)

    def closePages(self) -> None:
        """Be done with all of them."""
        for target in self._pages:
            self.call("Target.closeTarget", targetId=target)
        self._pages.clear()
        self.events.clear()

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._out)
        os.close(self._in)


class Page:
    """One page of it."""

    def __init__(
        self, browser: Browser, session: str, width: int, dark: bool, script: bool
    ) -> None:
        self._browser = browser
        self._session = session
        self.call("Page.enable")
        self.call("Runtime.enable")
        self.call("Log.enable")
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)  # as if it were in front
        self.look(width, dark)
        if not script:
            self.call("Emulation.setScriptExecutionDisabled", value=True)

    def call(self, method: str, **said: Any) -> dict[str, Any]:
        """Ask the browser about this page."""
        return self._browser.call(method, self._session, **said)

    def look(self, width: int, dark: bool = False, height: int = 900) -> None:
        """Be so wide, and bright or dark."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        wanted = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=wanted)

    def headers(self, **said: str) -> None:
        """Send these with all requests."""
        self.call("Network.enable")
        self.call("Network.setExtraHTTPHeaders", headers=said)

    def go(self, url: str) -> None:
        """Show an address, and wait until it is there."""
        self.call("Page.navigate", url=url)
        self._loaded()

    def _loaded(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self.has("document.readyState === 'complete' && location.href !== 'about:blank'"):
            assert time.monotonic() < deadline, "the page is not there"

    def run(self, expression: str) -> Any:
        """The value of an expression there, or of a promise; also while scripts are off."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, (expression, answer["exceptionDetails"])
        return answer["result"].get("value")

    def has(self, expression: str) -> bool:
        """Is it so there?  Not while one page gives way to the next."""
        try:
            return bool(self.run(expression))
        except AssertionError as error:
            if any(each in str(error) for each in ("context", "navigat", "of null")):
                return False
            raise

    def until(self, expression: str, seconds: float = PATIENCE) -> Any:
        """Wait until it is so there."""
        deadline = time.monotonic() + seconds
        while not self.has(expression):
            assert time.monotonic() < deadline, f"not so: {expression}\n{self.text[:3000]}"
            time.sleep(0.05)

    @property
    def text(self) -> str:
        """All that can be read there."""
        return str(self.run("document.body.innerText"))

    def key(self, *names: str) -> None:
        """Press keys, one after the other: names of DOM's C{KeyboardEvent.key}."""
        codes = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32}
        for name in names:
            said = {"key": name, "code": name, "windowsVirtualKeyCode": codes.get(name, 0)}
            text = {"Enter": "\r", " ": " "}.get(name, name if len(name) == 1 else "")
            more = {"text": text} if text else {}
            self.call("Input.dispatchKeyEvent", type="keyDown", **said, **more)
            self.call("Input.dispatchKeyEvent", type="keyUp", **said)

    def click(self, selector: str) -> None:
        """Click with the mouse where an element is; also while scripts are off."""
        where = self.run(
            f"(()=>{{const e=document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block:'center'});const b=e.getBoundingClientRect();"
            "return [b.x+b.width/2,b.y+b.height/2]})()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call(
                "Input.dispatchMouseEvent",
                type=kind,
                x=where[0],
                y=where[1],
                button="left",
                clickCount=1,
            )

    def picture(self, file: Path, whole: bool = True) -> None:
        """Keep what it looks like."""
        said: dict[str, Any] = {"format": file.suffix.removeprefix(".")}
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            said["clip"] = {"x": 0, "y": 0, **_of(size), "scale": 1}
            said["captureBeyondViewport"] = True
        file.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", **said)["data"]))

    @property
    def complaints(self) -> Sequence[str]:
        """What the browser has against the page: errors of scripts, refusals by its policy."""
        self.run("0")
        found = []
        for event in self._browser.events:
            said = event.get("params", {})
            if event.get("sessionId") != self._session:
                continue
            if event.get("method") == "Log.entryAdded" and said["entry"]["level"] == "error":
                found.append(said["entry"]["text"])
            if event.get("method") == "Runtime.exceptionThrown":
                found.append(str(said["exceptionDetails"]))
            if event.get("method") == "Page.javascriptDialogOpening":
                found.append(f"a dialog: {said['message']}")
        return found


def _of(size: dict[str, float]) -> dict[str, float]:
    return {"width": size["width"], "height": size["height"]}
