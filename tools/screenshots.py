"""Take the README's pictures from a running demo: `python tools/screenshots.py http://localhost:8000 docs/screenshots`."""

import re
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests import services
from tests.browser.conftest import FLAGS, sign_in

WHO = {"en": "Tom Ferrier", "fa": "مینا"}
STAFF = "Ruth Ledger"


def first(page: Page, language: str, process: str, pattern: str) -> str:
    page.goto(f"/{language}/processes/{process}/")
    links = [link.get_attribute("href") or "" for link in page.locator("main a").all()]
    return next(match[0] for link in links if (match := re.match(pattern, link)))


def main(address: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=services.chromium(), args=FLAGS)
        for language in ("en", "fa"):
            page = browser.new_page(base_url=address, viewport={"width": 1280, "height": 860}, reduced_motion="reduce")

            def shoot(name: str, path: str = "", page: Page = page, language: str = language) -> None:
                if path:
                    page.goto(path)
                page.evaluate("document.fonts.ready")
                page.screenshot(path=folder / f"{name}-{language}.png")

            shoot("home", f"/{language}/")
            page.goto(f"/{language}/processes/embankment-fridays/proposals/?sort=discussed")
            shoot("proposal", page.locator("main a[href*='/proposals/'][href*='-']").first.get_attribute("href") or "")
            poll = first(page, language, "budget-six", rf"/{language}/polls/\w+/")
            page.goto(f"{poll}board/")
            page.locator(".live[data-state=live]").first.wait_for()
            shoot("board")
            shoot("result", first(page, language, "budget-five", rf"/{language}/polls/\w+/") + "result/")
            sign_in(page, language, STAFF)
            page.goto(f"/{language}/approvals/")
            shoot("approval", page.locator("main a[href*='/approvals/']").first.get_attribute("href") or "")
            sign_in(page, language, WHO[language])
            page.goto(f"{poll}ballot/")
            for box in page.locator("input[name=choose]").all()[:3]:
                box.check()
            page.evaluate("window.scrollTo(0, 0)")
            shoot("ballot")
            page.locator("main form[method=post] button[type=submit]").last.click()
            page.locator("form[action*='/ballot/cast/'] button").first.click()
            page.locator("#receipt-number").wait_for()
            shoot("receipt")
            page.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
