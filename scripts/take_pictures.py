"""Make the pictures of the documentation from the report of a real run.

    python scripts/take_pictures.py runs/demo

Writes `docs/pictures/first_screen.png` and `confusion_explorer.png`. Needs Chromium and the extra
`browser`.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
SIZE = {"width": 1200, "height": 800}


def main(run: str) -> None:
    """Open the report of a run and take the pictures."""
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport=SIZE, device_scale_factor=1.5)
        page.goto((Path(run).resolve() / "report.html").as_uri())
        page.wait_for_timeout(1000)
        page.screenshot(path=str(PICTURES / "first_screen.png"))
        page.locator("#confusion ol.mixups button").first.click()
        page.locator("#confusion").evaluate("part => part.scrollIntoView()")
        page.wait_for_timeout(500)
        page.screenshot(path=str(PICTURES / "confusion_explorer.png"))
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
