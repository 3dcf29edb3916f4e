"""Makes the pictures of the documentation: screenshots.py FOLDER."""
import os
import sys

from collector import Collector
from dashboard_test import group_page
from screen import Browser

TEAMS = ["checkout", "billing", "import"]
JOBS = ["payment", "stock", "invoice", "shipping", "fraud-check", "label", "notify"]


def fill(collector):
    for i in range(40):
        wanted = [JOBS[(i + k * 3) % len(JOBS)] for k in range(2 + i % 4)]
        group = collector.create(f"order-{88200 + i}", wanted, ttl=[90, 300, 600, 3600][i % 4],
                                 labels={"team": TEAMS[i % 3], "region": ["eu", "us"][i % 2]}, payload={"order": 88200 + i})
        for entity in wanted[:i % len(wanted)]:
            collector.settle(group, entity, result={"ok": True, "took": 40 + 7 * i})
    for i in range(12):
        collector.create(f"job-{i}", ["a", "b"], ttl=0.4 if i == 4 else 60, labels={"team": "billing"})
        if i == 4:
            continue
        collector.settle(f"job-{i}", "a", result=i)
        collector.settle(f"job-{i}", "b", **({"error": "Insufficient space on bounded volume"} if i == 7 else {"result": 1}))
    collector.create("nightly-import", ["customers", "prices", "orders", "returns"], ttl=240, policy={"tolerate": 1},
                     labels={"team": "import"}, description="Nightly import from the shops", payload={"date": "2026-11-24"})
    collector.settle("order-88201", "warehouse", result="not asked")
    collector.call("PATCH", "/v1/groups/order-88202", {"add": ["gift-wrap"]})


def main(folder):
    os.makedirs(folder, exist_ok=True)
    collector, browser = Collector(extra=["--max-ttl", "7d", "--handler-topics", "audit-*", "--kafka", "client.rack=eu-1"]), Browser()
    fill(collector)
    page = browser.open(collector.base)
    page.wait_for_timeout(4000)
    collector.settle("nightly-import", "prices", result={"rows": 18204})
    page.wait_for_timeout(5000)
    collector.settle("nightly-import", "returns", error={"code": 507, "text": "no space"})
    page.wait_for_timeout(3000)
    shots = [("overview", "#/", {}), ("groups", "#/groups", {}), ("group", group_page("nightly-import"), {}),
             ("group-failed", group_page("job-7"), {}), ("dead-letters", "#/dead-letters", {}), ("instances", "#/instances", {}),
             ("overview-dark", "#/", {"dark": True}), ("group-dark", group_page("nightly-import"), {"dark": True}),
             ("group-narrow", group_page("nightly-import"), {"width": 390})]
    for name, hash_, how in shots:
        shot = browser.open(f"{collector.base}/{hash_}", **how)
        shot.wait_for_timeout(3500 if name.startswith("overview") else 1500)
        if name == "instances":
            shot.get_by_text("Configuration").click()
            shot.wait_for_timeout(500)
        shot.screenshot(path=os.path.join(folder, f"{name}.png"))
        shot.context.close()
    browser.close()
    collector.stop()


main(sys.argv[1])
