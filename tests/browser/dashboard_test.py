"""The dashboard in a real Chromium: each screen, each action, hostile text in every field, keyboard, narrow, dark, axe."""
import http.client
import re
import unittest
from urllib.parse import quote

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from collector import Collector
from screen import Browser

HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>\"'&{{7*7}}"
SCREENS = ["#/", "#/groups", "#/groups?state=resolved", "#/dead-letters", "#/instances"]


def group_page(group):
    return f"#/groups/{quote(group, safe='')}"


class Dashboard(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.collector = Collector()
        cls.browser = Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.collector.stop()

    def open(self, hash_="#/", **how):
        page = self.browser.open(f"{self.collector.base}/{hash_}", **how)
        self.addCleanup(page.context.close)
        self.page = page
        return page

    def tearDown(self):
        page = getattr(self, "page", None)
        if page:
            self.assertEqual(page.complaints, [])

    def known(self, group):
        self.collector.wait(lambda: self.collector.group(group).status == 200, f"group {group}")

    def unfold(self, page):
        page.evaluate("document.querySelectorAll('main details').forEach((details) => { details.open = true; })")
        page.wait_for_timeout(200)

    # Screens

    def test_overview_shows_what_is_open_due_and_decided(self):
        self.collector.create("overview-open", ["a", "b"], ttl=45)
        page = self.open()
        expect(page.get_by_role("heading", name="Due first")).to_be_visible()
        expect(page.get_by_role("link", name="overview-open").first).to_be_visible()
        expect(page.locator("#live-text")).to_contain_text("live · eb-collector · 1 instance")
        expect(page.get_by_text("✓ running")).to_have_count(4)
        self.collector.settle("overview-open", "a", result=1)
        self.collector.settle("overview-open", "b", error="no luck")
        feed = page.locator("section", has=page.get_by_role("heading", name="Latest outcomes"))
        expect(feed.get_by_role("row").filter(has_text="overview-open")).to_contain_text("no luck")

    def test_a_group_says_first_what_it_waits_for_and_counts_down(self):
        self.collector.create("waits", ["b-late", "a-late", "c-quick"], ttl=300, labels={"team": "t"})
        self.collector.settle("waits", "c-quick", result={"n": 1})
        self.collector.wait_until("waits", lambda g: len(g.get("missing", [])) == 2, "one to be settled")
        page = self.open(group_page("waits"))
        why = page.get_by_role("region", name="What it waits for")
        expect(why).to_contain_text(re.compile(r"Waits for 2 of 3\. Times out in 4 m \d+ s"))
        expect(why).to_contain_text("a-late")
        expect(page.locator(".member").first).to_contain_text("a-late")
        expect(page.locator(".member").last).to_contain_text("✓ done after")
        expect(page.locator(".member").last).to_contain_text('{"n":1}')
        left = why.locator(".due").inner_text()
        expect(why.locator(".due")).not_to_have_text(left)

    def test_a_group_that_ends_says_why_without_being_asked_again(self):
        self.collector.create("ends", ["a", "b"], ttl=60)
        self.known("ends")
        page = self.open(group_page("ends"))
        expect(page.get_by_role("region", name="What it waits for")).to_be_visible()
        self.collector.settle("ends", "b", error="disk full")
        became = page.get_by_role("region", name="What became of it")
        expect(became).to_contain_text("Failed: b had an error.")
        expect(became).to_contain_text("disk full")
        expect(page.get_by_role("button", name="Cancel…")).to_have_count(0)

    def test_a_timeout_names_what_was_missing(self):
        self.collector.create("too-slow", ["quick", "slow-one"], ttl=0.5)
        self.collector.settle("too-slow", "quick", result=1)
        self.collector.wait_until("too-slow", lambda g: g["state"] == "failure", "the timeout")
        page = self.open(group_page("too-slow"))
        expect(page.get_by_role("region", name="What became of it")).to_contain_text("Timed out, with 1 still missing.")
        expect(page.get_by_role("region", name="What became of it").locator(".ids")).to_have_text("slow-one")

    def test_groups_are_filtered_and_paged(self):
        for i in range(120):
            self.collector.create(f"paged-{i:03}", ["x"], ttl=3000, labels={"set": "paged"})
        self.known("paged-119")
        page = self.open("#/groups")
        page.get_by_label("Label").fill("set:paged")
        page.get_by_role("button", name="Show").click()
        expect(page.locator("tbody tr")).to_have_count(100)
        page.get_by_role("button", name="Next page").click()
        expect(page.locator("tbody tr")).to_have_count(20)
        page.get_by_role("button", name="First page").click()
        expect(page.locator("tbody tr")).to_have_count(100)
        page.get_by_label("Older than").select_option("1h")
        expect(page.get_by_text("No open group matches")).to_be_visible()
        page.get_by_label("State").select_option("success")
        expect(page.get_by_text("No such outcome is remembered")).to_be_visible()

    def test_a_row_says_live_what_became_of_its_group(self):
        self.collector.create("live-row", ["x"], ttl=3000, labels={"set": "live"})
        self.known("live-row")
        page = self.open("#/groups?label=set:live")
        row = page.get_by_role("row").filter(has_text="live-row")
        expect(row).to_contain_text("open")
        self.collector.settle("live-row", "x", result=1)
        expect(row).to_contain_text("success")

    def test_dead_letters_have_a_reason_and_can_be_filtered(self):
        self.collector.create("sealed-one", ["x"], ttl=3000)
        self.collector.settle("sealed-one", "stranger", result="odd")
        self.collector.call("PATCH", "/v1/groups/sealed-one", {"add": ["more"]})
        page = self.open("#/dead-letters")
        expect(page.get_by_role("row").filter(has_text="unexpected-entity").first).to_be_visible()
        page.get_by_label("Reason").select_option("sealed")
        expect(page.locator("tbody tr .tag")).to_have_text(["!sealed"])
        page.locator("summary").first.click()
        expect(page.locator("pre").first).to_contain_text("EventGroupCollectorUpdate")

    def test_instances_show_their_homes(self):
        page = self.open("#/instances")
        expect(page.get_by_text("✓ ready")).to_be_visible()
        expect(page.locator("dd").filter(has_text="0, 1, 2, 3").first).to_be_visible()

    def test_an_instance_shows_its_configuration_and_no_secret(self):
        name = "EB_COLLECTOR_KAFKA_SASL_PASSWORD"
        locked = Collector(token="s3cret-token", extra=["--max-ttl", "2d", "--kafka", "client.rack=" + HOSTILE], environment={name: "s3cret-word"})
        self.addCleanup(locked.stop)
        page = self.browser.open(f"{locked.base}/#/instances")
        self.addCleanup(page.context.close)
        page.get_by_label("Token").fill("s3cret-token")
        page.keyboard.press("Enter")
        page.get_by_text("Configuration").click()
        given = page.get_by_role("group", name="Given")
        expect(given.get_by_role("row").filter(has_text="max-ttl")).to_contain_text("2d")
        expect(given.get_by_role("row").filter(has_text="http-token")).to_contain_text("hidden")
        kafka = page.get_by_role("group", name="Kafka client")
        expect(kafka.get_by_role("row").filter(has_text="client.rack")).to_contain_text(HOSTILE)
        expect(kafka.get_by_role("row").filter(has_text="sasl.password")).to_contain_text(f"hidden{name}")
        expect(page.get_by_role("group", name="By default").get_by_role("row").filter(has_text="orphan-ttl")).to_contain_text("30s")
        self.assertNotIn("s3cret", page.content())
        self.assertEqual(page.locator("img, main script").count(), 0)

    # Actions

    def test_cancel_asks_and_then_ends_the_group(self):
        self.collector.create("to-cancel", ["x"], ttl=3000)
        self.known("to-cancel")
        page = self.open(group_page("to-cancel"))
        page.get_by_role("button", name="Cancel…").click()
        page.get_by_role("button", name="Back").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.get_by_role("button", name="Cancel…").click()
        page.get_by_label("Reason (optional)").fill("not needed")
        page.get_by_role("dialog").get_by_role("button", name="Cancel the group").click()
        expect(page.get_by_role("region", name="What became of it")).to_contain_text("Was cancelled.")
        expect(page.get_by_role("region", name="What became of it")).to_contain_text("not needed")

    def test_extend_asks_and_moves_the_deadline(self):
        self.collector.create("to-extend", ["x"], ttl=50)
        self.known("to-extend")
        page = self.open(group_page("to-extend"))
        page.get_by_role("button", name="Extend…").click()
        page.get_by_label("Seconds from now").fill("7200")
        page.get_by_role("dialog").get_by_role("button", name="Extend").click()
        expect(page.locator(".why .due")).to_contain_text(re.compile(r"1 h 59 m|2 h"))

    def test_an_action_that_is_refused_says_so_in_the_dialog(self):
        self.collector.create("refused", ["x"], ttl=50)
        self.known("refused")
        page = self.open(group_page("refused"))
        page.get_by_role("button", name="Extend…").click()
        page.get_by_label("Seconds from now").fill("99999999999")
        page.get_by_role("dialog").get_by_role("button", name="Extend").click()
        expect(page.get_by_role("alert").filter(has_text="invalid-update")).to_be_visible()
        page.complaints.clear()  # Chromium notes the 400 itself
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)

    def test_the_token_is_asked_for_and_kept_for_the_tab(self):
        locked = Collector(token="s3cret")
        self.addCleanup(locked.stop)
        page = self.browser.open(locked.base)
        self.addCleanup(page.context.close)
        expect(page.get_by_role("heading", name="A token is needed")).to_be_visible()
        page.get_by_label("Token").fill("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_text("doesn’t know this token")).to_be_visible()
        page.get_by_label("Token").fill("s3cret")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Due first")).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", name="Due first")).to_be_visible()
        self.assertEqual(page.evaluate("[document.cookie, Object.keys(localStorage).length]"), ["", 0])

    # Safety

    def test_hostile_text_in_every_field_stays_text(self):
        group = HOSTILE + "/group"
        self.collector.create(group, [HOSTILE + "a", HOSTILE + "b", HOSTILE + "c"], ttl=3000, policy="allSettled",
                              labels={HOSTILE: HOSTILE, "set": "hostile"}, payload={HOSTILE: HOSTILE}, sender=HOSTILE,
                              description=HOSTILE, parent={"group": HOSTILE, "entity": HOSTILE})
        self.collector.settle(group, HOSTILE + "a", result={HOSTILE: [HOSTILE]})
        self.collector.settle(group, HOSTILE + "b", error=HOSTILE)
        self.collector.settle(group, HOSTILE + "stranger", result=HOSTILE)
        self.collector.wait_until(group, lambda g: len(g.get("missing", [])) == 1, "two to be settled")
        self.collector.create(HOSTILE, [HOSTILE], labels={"set": HOSTILE})
        self.collector.settle(HOSTILE, HOSTILE, error=HOSTILE)
        page = self.open()
        for hash_ in [*SCREENS, group_page(group), group_page(HOSTILE), "#/groups?label=" + quote("set:" + HOSTILE), f"#/{quote(HOSTILE)}"]:
            page.goto(f"{self.collector.base}/{hash_}")
            page.wait_for_timeout(700)
            self.assertNotEqual(page.title(), "owned", hash_)
            self.assertEqual(page.locator("img, main script, iframe").count(), 0, hash_)
        page.goto(f"{self.collector.base}/{group_page(group)}")
        expect(page.get_by_role("heading", level=1)).to_have_text(group)
        page.get_by_role("button", name="Cancel…").click()
        page.get_by_label("Reason (optional)").fill(HOSTILE)
        page.get_by_role("dialog").get_by_role("button", name="Cancel the group").click()
        expect(page.get_by_role("region", name="What became of it")).to_contain_text("Was cancelled.")
        self.assertNotEqual(page.title(), "owned")

    def test_the_policy_forbids_inline_script_even_if_one_got_in(self):
        page = self.open()
        page.evaluate("""() => { const s = document.createElement('script'); s.textContent = "document.title = 'owned'";
                                 document.body.append(s); const i = document.createElement('div');
                                 i.innerHTML = '<img src=x onerror="document.title=1">'; document.body.append(i); }""")
        page.wait_for_timeout(300)
        self.assertNotEqual(page.title(), "owned")
        self.assertTrue(any("Content Security Policy" in complaint for complaint in page.complaints))
        page.complaints.clear()

    # For everybody

    def test_everything_is_reached_with_the_keyboard(self):
        self.collector.create("by-keyboard", ["x"], ttl=3000)
        self.known("by-keyboard")
        page = self.open()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("/")
        expect(page.get_by_label("Group id")).to_be_focused()
        page.keyboard.type("by-keyboard")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("by-keyboard")
        expect(page.locator("#view")).to_be_focused()
        expect(page.get_by_role("button", name="Cancel…")).to_be_visible()
        for _ in range(3):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent") == "Cancel…":
                break
        page.keyboard.press("Enter")
        expect(page.get_by_label("Reason (optional)")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("region", name="What became of it")).to_contain_text("Was cancelled.")

    def test_narrow_screens_show_everything_without_scrolling_sideways(self):
        self.collector.create("narrow-" + "x" * 200, ["entity-" + "y" * 200], ttl=3000, labels={"long": "z" * 200})
        self.known("narrow-" + "x" * 200)
        page = self.open(width=360)
        for hash_ in [*SCREENS, group_page("narrow-" + "x" * 200)]:
            page.goto(f"{self.collector.base}/{hash_}")
            page.wait_for_timeout(500)
            self.unfold(page)
            self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), 360, hash_)
            if hash_.startswith("#/groups"):
                cut = page.evaluate("[...document.querySelectorAll('.scroll')].filter((box) => box.scrollWidth > box.clientWidth).length")
                self.assertEqual(cut, 0, f"{hash_}: columns beyond the edge")

    def test_axe_finds_nothing_serious_light_or_dark(self):
        self.collector.create("axe-open", ["a", "b", "c"], ttl=20, labels={"team": "t"})
        self.collector.settle("axe-open", "a", result=1)
        self.collector.create("axe-failed", ["a"], ttl=3000)
        self.collector.settle("axe-failed", "a", error="no")
        self.collector.settle("axe-open", "stranger", result=1)
        self.known("axe-failed")
        for dark in (False, True):
            page = self.open(dark=dark)
            for hash_ in [*SCREENS, group_page("axe-open"), group_page("axe-failed"), group_page("nobody")]:
                page.goto(f"{self.collector.base}/{hash_}")
                page.wait_for_timeout(600)
                self.unfold(page)
                found = Axe().run(page).response["violations"]
                serious = [(v["id"], v["nodes"][0]["html"][:200]) for v in found if v["impact"] in ("serious", "critical")]
                self.assertEqual(serious, [], f"{hash_} dark={dark}")
                page.complaints[:] = [c for c in page.complaints if "404" not in c]
            page.get_by_role("link", name="Overview").click()

    def test_ten_thousand_groups_keep_the_list_smooth(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.collector.port, timeout=30)
        self.addCleanup(connection.close)
        for i in range(10_000):
            connection.request("POST", "/v1/groups", f'{{"id":"many-{i:05}","expected":["x"],"ttl":30000}}',
                               {"Content-Type": "application/json"})
            connection.getresponse().read()
        self.known("many-09999")
        page = self.open("#/groups?order=id")
        expect(page.locator("tbody tr")).to_have_count(100)
        # The longest that the page kept its thread busy while it was paged through and its figures came in.
        page.evaluate("""() => { window.longest = 0; new PerformanceObserver((list) => { for (const entry of list.getEntries())
                                 window.longest = Math.max(window.longest, entry.duration); }).observe({ type: 'longtask' }); }""")
        for number in range(2, 12):
            page.get_by_role("button", name="Next page").click()
            expect(page.get_by_text(f"Page {number},")).to_be_visible()
        page.wait_for_timeout(1500)
        longest = page.evaluate("window.longest")
        print(f"MEASURED dashboard_longest_task_ms={longest:.0f}")
        self.assertLess(longest, 1000)


if __name__ == "__main__":
    unittest.main()
