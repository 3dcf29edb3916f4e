"""A page in a headless Chromium, with everything that it complains about kept."""
import os

from playwright.sync_api import sync_playwright

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]


class Browser:
    def __init__(self):
        self.driver = sync_playwright().start()
        self.chromium = self.driver.chromium.launch(executable_path=os.environ["EBC_CHROMIUM"], args=ARGUMENTS)

    def open(self, url, width=1280, dark=False):
        context = self.chromium.new_context(viewport={"width": width, "height": 860}, locale="en-GB",
                                            color_scheme="dark" if dark else "light", reduced_motion="reduce")
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (page.complaints.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.set_default_timeout(15_000)
        page.goto(url)
        return page

    def close(self):
        self.chromium.close()
        self.driver.stop()
