"""What people ask about data/china.json, answered by the real server. Every answer was worked out
by hand from data/facts.json, as the comment on it says, and never by asking the server. Ids are
short: cn-xinjiang for a zone, xinjiang/khorgos for an area, xj-e1 for an event, xj-d2 for a
delegation."""
import json
import unittest

from harness import ROOT, Daemon, ftz


def setUpModule():
    global server
    server = Daemon("--seed", ROOT / "data/china.json")


def tearDownModule():
    server.stop()


def date(text):
    return dict(zip(("year", "month", "day"), map(int, text.split("-"))))


def day(value):
    return "-".join(f"{value[k]:02d}" for k in ("year", "month", "day") if k in value)


def short(name):
    parts = name.split("/")
    if "areas" in parts:
        return parts[1].removeprefix("cn-") + "/" + parts[3]
    return parts[-1]


def area(name):
    zone, last = name.split("/")
    return f"zones/cn-{zone}/areas/{last}"


class Question(unittest.TestCase):
    maxDiff = None

    def call(self, method, **request):
        done = ftz("call", f"ftz.v1.{method}", "-d", json.dumps(request), "-o", "json",
                   server=server.tcp)
        self.assertEqual(done.returncode, 0, f"{method} {request}\n{done.stderr}")
        return json.loads(done.stdout)


class Lists(Question):
    """Asked with a filter, and where it says so in an order."""

    def list(self, plural, condition, parent="zones/-", order=""):
        answer = self.call(f"{plural[:-1]}Service/List{plural}", pageSize=1000, filter=condition,
                           orderBy=order, view="RESOURCE_VIEW_BASIC",
                           **({} if plural == "Zones" else {"parent": parent}))
        self.assertNotIn("nextPageToken", answer)
        found = next((v for v in answer.values() if isinstance(v, list)), [])
        return [short(r["name"]) for r in found]

    def finds(self, plural, condition, expected, **more):
        self.assertEqual(sorted(self.list(plural, condition, **more)), sorted(expected.split()))

    def test_which_areas_of_30_km2_and_more_focus_on_biomedicine(self):
        # Twelve areas list biomedicine. Too small: Yichang 27.97, Southern Sichuan 19.99, Yantai
        # 29.99, Khorgos 16.58. Left: Lin-gang 119.5, Zhengzhou 73.17, Liangjiang 66.29, Qinzhou
        # 58.19, Zhengding 33.29, Harbin 79.86, Changsha 79.98, Urumqi 134.6.
        self.finds("Areas", "area_km2 >= 30 AND focus_industries.code:biomedicine",
                   "shanghai/lingang henan/zhengzhou chongqing/liangjiang guangxi/qinzhou "
                   "hebei/zhengding heilongjiang/harbin hunan/changsha xinjiang/urumqi")

    def test_which_areas_focus_on_finance_and_on_tourism(self):
        # Tourism: Hengqin, Pingtan, Xi'an port, Heihe, Khorgos. Of these finance: Xi'an port and
        # Khorgos. Heihe has cross-border finance, which is another code.
        self.finds("Areas", "focus_industries.code:tourism AND focus_industries.code:finance",
                   "shaanxi/xian-port xinjiang/khorgos")

    def test_which_are_the_three_largest_areas(self):
        # 134.6, 119.5 and 90.32; next would be Shaanxi's Central Area, 87.76. Hainan's parks have
        # no size and come last.
        self.assertEqual(self.list("Areas", "", order="area_km2 desc")[:3],
                         ["xinjiang/urumqi", "shanghai/lingang", "sichuan/tianfu"])

    def test_which_areas_have_no_size(self):
        # The eleven key parks of Hainan; every other area has one.
        parks = ("jiangdong haikou-bonded sanya-cbd lecheng yangpu haikou-ht yazhou wenchang "
                 "ecosoft fuxing lian")
        self.finds("Areas", "-area_km2:*", " ".join("hainan/" + park for park in parks.split()))

    def test_which_area_lies_inside_another(self):
        # nested_in is set for World Expo alone.
        self.finds("Areas", "parent_area:*", "shanghai/expo")

    def test_which_areas_outside_the_beijing_zone_lie_in_beijing(self):
        # "Spans two province-level regions" stands with Daxing Airport alone.
        self.finds("Areas", 'regions.subdivision_code:"CN-BJ"', "hebei/daxing")

    def test_which_areas_opened_on_30_august_2019(self):
        # opened_on: Nanjing; all three of Guangxi, of Yunnan and of Heilongjiang; Xiong'an. The
        # others of that wave opened on 31 August or 1 September.
        self.finds("Areas", "opening_date = 2019-08-30",
                   "jiangsu/nanjing guangxi/nanning guangxi/qinzhou guangxi/chongzuo hebei/xiongan "
                   "yunnan/kunming yunnan/honghe yunnan/dehong heilongjiang/harbin "
                   "heilongjiang/heihe heilongjiang/suifenhe")

    def test_which_areas_have_a_bonded_zone_of_more_than_eight_km2(self):
        # Parts over 8 km2 that are customs areas: Fuzhou Bonded Port 9.26, Lianglu Cuntan 8.37,
        # Xiyong 8.8, Qianwan 9.12. Larger parts elsewhere are blocks or shares of the Corps.
        self.finds("Areas",
                   "any(parts, (kind = customs_special_supervision_area AND area_km2 > 8))",
                   "fujian/fuzhou chongqing/liangjiang chongqing/xiyong shandong/qingdao")

    def test_which_zones_were_founded_in_the_third_wave(self):
        self.finds("Zones", "wave = 3", "cn-liaoning cn-zhejiang cn-henan cn-hubei cn-chongqing "
                   "cn-sichuan cn-shaanxi")

    def test_which_zones_are_larger_than_200_km2_the_largest_first(self):
        # Hainan 35400, Shanghai 240.22, Zhejiang 239.45; Xinjiang has 179.66.
        self.assertEqual(self.list("Zones", "area_km2 > 200", order="area_km2 desc"),
                         ["cn-hainan", "cn-shanghai", "cn-zhejiang"])

    def test_which_zones_have_no_known_approval_date(self):
        # approval_date is null for these nine.
        self.finds("Zones", "-approval_date:*", "cn-tianjin cn-guangxi cn-hebei cn-yunnan "
                   "cn-heilongjiang cn-beijing cn-hunan cn-anhui cn-xinjiang")

    def test_which_zone_was_never_launched_as_a_whole(self):
        # launch_date is null for Hainan alone.
        self.finds("Zones", "NOT launch_date:*", "cn-hainan")

    def test_which_zones_share_a_plan(self):
        # 国发〔2020〕10号 founded three zones.
        self.finds("Zones", 'plan.number = "国发〔2020〕10号"', "cn-beijing cn-hunan cn-anhui")

    def test_which_launches_were_in_august_2019(self):
        # Kind launch: Jiangsu, Guangxi, Yunnan, Heilongjiang, all on the 30th. Hebei and Shandong
        # have area inaugurations instead.
        self.finds("Events", "type = launch AND date = 2019-08", "js-e3 gx-e2 yn-e2 hlj-e2")

    def test_which_events_fell_in_some_month_of_2021_of_which_the_day_is_not_known(self):
        # Month precision in 2021: 2021-04, 2021-09 and 2021-03.
        self.finds("Events", "date = 2021 AND -date.day:*", "tj-e4 tj-e5 bj-e5")

    def test_which_signings_were_worth_more_than_ten_billion_yuan(self):
        # Four signings: 80.2 and 11 billion yuan, up to 5, and 20.95.
        self.finds("Events",
                   "type = signing AND any(quantities, (unit = CNY AND value > 10000000000))",
                   "cq-e4 cq-e5 xj-e4")

    def test_which_events_does_beijing_share_with_other_zones(self):
        # Shared services with Tongzhou, and the joint meeting with Tianjin and Hebei.
        self.finds("Events", 'zones:"zones/cn-beijing"', "tj-e4 tj-e5")

    def test_which_events_had_beijing_a_part_in(self):
        # Its own five, and those two.
        self.finds("Events", "", "bj-e1 bj-e2 bj-e3 bj-e4 bj-e5 tj-e4 tj-e5",
                   parent="zones/cn-beijing")

    def test_which_events_did_the_vice_commerce_minister_take_part_in(self):
        self.finds("Events", 'parties.display_name:"Wang Shouwen"', "sh-e6 hi-e2")

    def test_which_rules_took_effect_since_2020(self):
        # Regulations with effective_from: 2021-01-01, 2021-06-10, 2022-05-01, 2024-06-01 and
        # 2025-07-01. Hunan's measures state no day of effect.
        self.finds("Events", "type = regulation AND effective_date >= 2020-01-01",
                   "sd-e5 hi-e5 ah-e6 hlj-e7 xj-e14")

    def test_which_events_belong_to_the_launch_ceremony_of_chongqing(self):
        self.finds("Events", "part_of:*", "cq-e4 cq-e5 cq-e6", parent="zones/cn-chongqing")

    def test_which_events_are_of_three_areas(self):
        # Titles that begin with Three: areas inaugurated, unveiled (twice) and signing.
        self.finds("Events", 'title = "Three *" AND areas:*', "ln-e4 sd-e3 he-e3 hlj-e4")

    def test_which_delegations_pass_everything_but_a_list(self):
        self.finds("PowerDelegations", "mode = DELEGATION_MODE_NEGATIVE_LIST", "sd-d1 gx-d2")

    def test_which_delegations_come_from_a_city_below_the_province(self):
        # Guangzhou's is municipal and of a prefecture; the cities of Shandong carry the decision
        # out. Municipal in Shanghai, Tianjin and Chongqing is of the rank of a province.
        self.finds("PowerDelegations", "delegators.level:GOVERNMENT_LEVEL_PREFECTURE",
                   "gd-d2 sd-d1")

    def test_which_single_batches_hold_more_than_a_hundred_powers(self):
        # 159, 133, 455, 109 and 273. Not batches: 241, 253 and 260 (not said), 162 (two batches),
        # 303 (running total), 117 (exclusions).
        self.finds("PowerDelegations", "item_count > 100 AND item_count_scope = COUNT_SCOPE_BATCH",
                   "gd-d3 ln-d1 ha-d1 sc-d2 js-d1")

    def test_which_delegations_have_receivers_outside_the_zone(self):
        # The cooperation zone of Hengqin, districts of Chengdu, the China-SCO area, linked zones.
        self.finds("PowerDelegations", "receivers.kind:RECEIVER_KIND_OUTSIDE",
                   "gd-d3 sc-d2 sd-d1 ah-d1 ah-d2")


class Search(Question):
    def search(self, query, *types):
        answer = self.call("QueryService/Search", query=query, resourceTypes=types,
                           view="RESOURCE_VIEW_BASIC", pageSize=100)
        found = (next(iter(r["resource"].values())) for r in answer.get("results", []))
        return [short(resource["name"]) for resource in found]

    def test_khorgos_by_every_script_and_spelling(self):
        # Horgos and Huoerguosi: cn-xinjiang-a6; the Chinese name is the facts' name_zh. The Ürümqi
        # Area, of which a remark compares it with Khorgos, may come after it.
        for query in ("Khorgos", "khorgos", "Horgos", "Huoerguosi", "霍尔果斯", "霍尔果斯片区"):
            with self.subTest(query):
                self.assertEqual(self.search(query, "Area")[0], "xinjiang/khorgos")

    def test_urumqi_with_and_without_its_dots(self):
        for query in ("Urumqi", "Ürümqi", "URUMQI", "U\u0308ru\u0308mqi", "乌鲁木齐"):
            with self.subTest(query):
                self.assertEqual(self.search(query, "Area")[0], "xinjiang/urumqi")

    def test_one_character_of_kashgar(self):
        # 喀 stands in 喀什片区 and in no other name of an area or zone.
        self.assertEqual(self.search("喀", "Area", "Zone"), ["xinjiang/kashgar"])

    def test_two_characters_that_stand_in_two_areas(self):
        # 临港新片区 of Shanghai and 川南临港片区 of Sichuan.
        self.assertEqual(sorted(self.search("临港", "Area")),
                         ["shanghai/lingang", "sichuan/chuannan"])

    def test_a_zone_by_its_short_and_its_newer_name(self):
        self.assertEqual(self.search("福建自贸试验区", "Zone"), ["cn-fujian"])
        self.assertEqual(self.search("海南自由贸易港", "Zone"), ["cn-hainan"])
        self.assertEqual(self.search("Fujian FTZ", "Zone"), ["cn-fujian"])

    def test_an_event_by_a_word_of_its_title(self):
        # "tenge" stands in the title of the banknotes' transfer; "PTA" in that of the futures.
        self.assertEqual(self.search("tenge", "Event"), ["xj-e6"])
        self.assertEqual(self.search("PTA futures", "Event"), ["ha-e4"])

    def test_a_whole_name_comes_before_a_part_of_one(self):
        # The Xi'an International Port Area is named so; Shaanxi's other areas are not.
        self.assertEqual(self.search("Xi'an International Port Area", "Area")[0],
                         "shaanxi/xian-port")

    def test_what_is_nowhere_is_not_found(self):
        self.assertEqual(self.search("Atlantis"), [])


class Timeline(Question):
    def entries(self, parent, start="", end="", **more):
        answer = self.call("QueryService/ListTimeline", parent=parent, pageSize=1000,
                           **({"startDate": date(start)} if start else {}),
                           **({"endDate": date(end)} if end else {}), **more)
        return [(day(e["date"]), e["kind"].removeprefix("TIMELINE_KIND_"), short(e["resource"]))
                for e in answer.get("entries", [])]

    def test_what_happened_to_shanghai_in_2014(self):
        # Regulations of 25 July (event, and the delegation in them), in effect on 1 August; the
        # enlargement of 28 December with the four areas added on it.
        self.assertEqual(sorted(self.entries("zones/cn-shanghai", "2014", "2014")), [
            ("2014-07-25", "DELEGATION_DECIDED", "sh-d1"),
            ("2014-07-25", "EVENT", "sh-e4"),
            ("2014-08-01", "DELEGATION_EFFECTIVE", "sh-d1"),
            ("2014-08-01", "EVENT_EFFECTIVE", "sh-e4"),
            ("2014-12-28", "AREA_ADDED", "shanghai/expo"),
            ("2014-12-28", "AREA_ADDED", "shanghai/jinqiao"),
            ("2014-12-28", "AREA_ADDED", "shanghai/lujiazui"),
            ("2014-12-28", "AREA_ADDED", "shanghai/zhangjiang"),
            ("2014-12-28", "EVENT", "sh-e3"),
            ("2014-12-28", "SIZE", "cn-shanghai")])

    def test_what_happened_in_khorgos(self):
        # area_id is Khorgos for four events; opened_on is 2023-12-05; no delegation names it.
        self.assertEqual(self.entries("zones/cn-xinjiang/areas/khorgos"), [
            ("2023-11-02", "EVENT", "xj-e8"),
            ("2023-12-05", "AREA_OPENED", "xinjiang/khorgos"),
            ("2023-12-05", "EVENT", "xj-e3"),
            ("2023-12-05", "EVENT", "xj-e4"),
            ("2024-08-09", "EVENT", "xj-e6")])

    def test_what_happened_to_beijing_in_2021_with_what_it_did_with_others(self):
        self.assertEqual(self.entries("zones/cn-beijing", "2021", "2021"), [
            ("2021-03", "EVENT", "bj-e5"), ("2021-04", "EVENT", "tj-e4"),
            ("2021-09", "EVENT", "tj-e5")])

    def test_which_zones_were_launched_one_after_another_in_2020(self):
        # launch_date 2020-09-24 for the three zones of the sixth wave.
        self.assertEqual(self.entries("zones/-", "2020", "2020", kinds=["TIMELINE_KIND_LAUNCH"]),
                         [("2020-09-24", "LAUNCH", f"cn-{zone}")
                          for zone in ("anhui", "beijing", "hunan")])

    def test_which_was_the_latest_event_of_all(self):
        # meta.as_of: 2025-12-18, the customs operations of Hainan.
        latest = self.entries("zones/-", kinds=["TIMELINE_KIND_EVENT"], descending=True)[0]
        self.assertEqual(latest, ("2025-12-18", "EVENT", "hi-e7"))


class Profile(Question):
    def profile(self, zone, on):
        answer = self.call("QueryService/GetZoneProfile", name=f"zones/{zone}", date=date(on))
        counted = [short(a["area"]["name"]).split("/")[1] for a in answer.get("areas", [])
                   if a.get("counted")]
        total = answer.get("areasSumKm2", {}).get("value")
        return answer.get("areaKm2"), total, sorted(counted), answer

    def test_how_large_shanghai_was_over_the_years(self):
        # 28.78 km2 from 2013-09-29, the bonded areas; 120.72 from 2014-12-28 = 28.78 + 34.26 +
        # 20.48 + 37.2, Expo being inside Lujiazui; 240.22 from 2019-08-06 with 119.5 of Lin-gang.
        cases = {
            "2013-10-01": (28.78, "28.78", ["bonded"]),
            "2014-12-27": (28.78, "28.78", ["bonded"]),
            "2014-12-28": (120.72, "120.72", ["bonded", "jinqiao", "lujiazui", "zhangjiang"]),
            "2019-08-05": (120.72, "120.72", ["bonded", "jinqiao", "lujiazui", "zhangjiang"]),
            "2019-08-06": (240.22, "240.22", ["bonded", "jinqiao", "lingang", "lujiazui",
                                              "zhangjiang"]),
        }
        for on, expected in cases.items():
            with self.subTest(on):
                self.assertEqual(self.profile("cn-shanghai", on)[:3], expected)

    def test_that_shanghai_had_no_size_before_it_was_launched(self):
        self.assertEqual(self.profile("cn-shanghai", "2013-09-28")[:3], (None, None, []))

    def test_that_expo_was_an_area_of_2015_that_is_not_counted(self):
        answer = self.profile("cn-shanghai", "2015-01-01")[3]
        uncounted = [short(a["area"]["name"]) for a in answer["areas"] if not a.get("counted")]
        self.assertEqual(uncounted, ["shanghai/expo"])
        self.assertTrue(answer["areasComplete"])

    def test_how_large_zhejiang_was_before_it_grew(self):
        # 119.95 = 78.98 + 15.62 + 25.35, the three areas around Zhoushan.
        self.assertEqual(self.profile("cn-zhejiang", "2018-01-01")[:3],
                         (119.95, "119.95", ["north", "outlying", "south"]))

    def test_that_the_parks_of_hainan_have_no_size_to_add(self):
        size, total, counted, answer = self.profile("cn-hainan", "2021-01-01")
        self.assertEqual((size, total, counted, len(answer["areas"])), (35400, None, [], 11))
        self.assertFalse(answer.get("areasComplete", False))

    def test_what_share_of_xinjiang_is_urumqi(self):
        # 134.6 / 179.66 = 0.74919...
        answer = self.profile("cn-xinjiang", "2024-01-01")[3]
        shares = {short(a["area"]["name"]): a["sharePercent"]["value"] for a in answer["areas"]}
        self.assertEqual(shares["xinjiang/urumqi"], "74.92")


class Sums(Question):
    def buckets(self, kind, **request):
        answer = self.call("QueryService/Aggregate", resourceType=kind, pageSize=1000, **request)
        return answer.get("buckets", [])

    def sum(self, kind, measure, unit, **request):
        """The sum, and how many numbers were added and left out."""
        (bucket,) = self.buckets(kind, **request)
        found = [s for s in bucket["sums"] if (s["measure"], s.get("unit", "")) == (measure, unit)]
        if not found:
            return None
        return (found[0].get("value", {}).get("value"),
                *(int(found[0].get(k, 0)) for k in ("summands", "leftOut")))

    def quantities(self, parent, measure, unit):
        return self.sum("Event", measure, unit, parent=parent, sum=["quantities"])

    def test_how_many_firms_fujian_won(self):
        # 11,899 new enterprises in 2021, of them 289 foreign: part of it, so not 12,188.
        self.assertEqual(self.quantities("zones/cn-fujian", "new_companies", "company"),
                         ("11899", 1, 1))

    def test_what_the_contracts_of_all_zones_are_worth(self):
        # 11 (German park) + 20.95 (Khorgos) + 1.473 (import expo) billion yuan.
        self.assertEqual(self.quantities("zones/-", "contract_value", "CNY"), ("33423000000", 3, 0))

    def test_what_was_invested_in_anhui(self):
        # 27.945 billion at the expo and 319.5 billion in 2021; left out: 292.2 billion of the first
        # four months, a running total.
        self.assertEqual(self.quantities("zones/cn-anhui", "investment_agreed", "CNY"),
                         ("347445000000", 2, 1))

    def test_how_many_projects_chongqing_signed_at_its_launch(self):
        # 60 for 80.2 billion; 40 of them for 63.5 billion in Liangjiang.
        self.assertEqual(self.quantities("zones/cn-chongqing", "projects_signed", "project"),
                         ("60", 1, 1))
        self.assertEqual(self.quantities("zones/cn-chongqing", "investment_agreed", "CNY"),
                         ("80200000000", 1, 1))

    def test_how_much_bonded_oil_was_supplied_on_known_occasions(self):
        # Ten tonnes; the ten thousand to the end of September 2024 are a running total.
        self.assertEqual(self.quantities("zones/cn-xinjiang", "bonded_fuel_supplied", "t"),
                         ("10", 1, 1))

    def test_that_sichuans_second_batch_is_counted_once(self):
        # 109 were reviewed and the same 109 issued.
        self.assertEqual(self.quantities("zones/cn-sichuan", "powers_in_batch", "item"),
                         ("109", 1, 1))

    def test_how_many_powers_guangdong_and_jiangsu_were_given(self):
        # 60 + 58 + 159; and 273, without the running total of 303.
        for zone, expected in (("guangdong", ("277", 3, 0)), ("jiangsu", ("273", 1, 1))):
            found = self.sum("PowerDelegation", "item_count", "", parent=f"zones/cn-{zone}",
                             sum=["item_count"])
            self.assertEqual(found, expected)

    def test_how_large_the_areas_of_shanghai_are_together(self):
        # Without Expo, which lies in Lujiazui.
        self.assertEqual(self.sum("Area", "area_km2", "km2", parent="zones/cn-shanghai",
                                  sum=["area_km2"]), ("240.22", 5, 1))

    def test_how_many_zones_each_wave_founded(self):
        waves = {b["keys"][0]: int(b["count"]) for b in self.buckets("Zone", groupBy=["wave"])}
        self.assertEqual(waves, {"1": 1, "2": 3, "3": 7, "4": 1, "5": 6, "6": 3, "7": 1})

    def test_how_many_zones_there_were_on_new_years_day_of_2018(self):
        # Wave 1, 2 and 3: 1 + 3 + 7. Hainan was announced in April 2018.
        (bucket,) = self.buckets("Zone", date=date("2018-01-01"))
        self.assertEqual(int(bucket["count"]), 11)

    def test_how_many_events_of_each_type_xinjiang_had(self):
        types = {b["keys"][0]: int(b["count"])
                 for b in self.buckets("Event", parent="zones/cn-xinjiang", groupBy=["type"])}
        self.assertEqual(types, {
            "plan_release": 1, "launch": 1, "market_entry": 1, "investment_promotion": 1,
            "area_inauguration": 2, "signing": 1, "performance_report": 3, "first_of_kind": 1,
            "cross_border_finance": 1, "power_delegation": 1, "regulation": 1})

    def test_which_zones_traded_how_much_abroad(self):
        # Period sums of foreign trade. Shandong January-August 2023; Jiangsu and Anhui 2021;
        # Heilongjiang first half of 2022 and Heihe 2023: 16.687 + 24.482. Left out: totals since
        # the start (Shandong, Jiangsu, Heilongjiang), and Russia's part of Heilongjiang's.
        trade = {}
        for bucket in self.buckets("Event", filter="any(quantities, (measure = foreign_trade))",
                                   groupBy=["zone"], sum=["quantities"]):
            for s in bucket["sums"]:
                if (s["measure"], s.get("unit")) == ("foreign_trade", "CNY"):
                    zone = short(bucket["keys"][0])
                    trade[zone] = (s["value"]["value"], int(s.get("leftOut", 0)))
        self.assertEqual(trade, {"cn-shandong": ("309570000000", 1),
                                 "cn-jiangsu": ("591490000000", 1),
                                 "cn-anhui": ("154000000000", 0),
                                 "cn-heilongjiang": ("41169000000", 2)})


class Powers(Question):
    def powers(self, resource, on, **more):
        answer = self.call("QueryService/FindPowers", resource=resource, date=date(on), **more)
        return answer, {short(p["powerDelegation"]["name"]):
                        (p["inForce"].removeprefix("IN_FORCE_"), p["reason"])
                        for p in answer.get("powers", [])}

    def test_what_khorgos_may_do_before_the_second_batch(self):
        # The first batch was seen handed down on 2024-10-31; the second was approved on 15
        # November.
        self.assertEqual(self.powers(area("xinjiang/khorgos"), "2024-11-01")[1],
                         {"xj-d1": ("YES", "OBSERVED")})

    def test_what_khorgos_may_do_after_the_second_batch_was_approved(self):
        # Nothing says from when the 29 powers can be used.
        khorgos = area("xinjiang/khorgos")
        self.assertEqual(self.powers(khorgos, "2024-12-01")[1],
                         {"xj-d1": ("YES", "OBSERVED"), "xj-d2": ("UNKNOWN", "EFFECT_UNKNOWN")})
        self.assertEqual(self.powers(khorgos, "2024-12-01", excludeUnknown=True)[1],
                         {"xj-d1": ("YES", "OBSERVED")})

    def test_that_the_first_batch_may_have_been_in_use_in_june_2024(self):
        # Its decision is not dated: it lies between the zone's beginning in 2023 and October 2024.
        found = self.powers(area("xinjiang/khorgos"), "2024-06-01")[1]
        self.assertEqual({k: v[0] for k, v in found.items()}, {"xj-d1": "UNKNOWN"})

    def test_from_which_day_shanghais_committee_could_approve(self):
        # In force from 1 August 2014.
        self.assertEqual(self.powers("zones/cn-shanghai", "2014-07-31")[1], {})
        self.assertEqual(self.powers("zones/cn-shanghai", "2014-08-01")[1],
                         {"sh-d1": ("YES", "EFFECTIVE")})

    def test_who_may_use_sichuans_powers_in_tianfu(self):
        # 30 days after 7 September 2018; three bodies share ground with Tianfu. The first batch
        # went to the committee for Chengdu and was seen on 2017-12-22.
        answer, found = self.powers(area("sichuan/tianfu"), "2018-10-07")
        self.assertEqual(found, {"sc-d1": ("YES", "OBSERVED"), "sc-d2": ("YES", "EFFECTIVE")})
        receivers = {short(p["powerDelegation"]["name"]): sorted(p["receivers"])
                     for p in answer["powers"]}
        self.assertEqual(receivers, {"sc-d1": ["chengdu"],
                                     "sc-d2": ["high-tech-zone", "shuangliu", "tianfu-new-area"]})

    def test_that_tianfu_has_one_delegation_without_bodies_outside_the_zone(self):
        self.assertEqual(set(self.powers(area("sichuan/tianfu"), "2018-10-07",
                                         excludeOutsideReceivers=True)[1]), {"sc-d1"})

    def test_what_is_known_of_powers_in_hengqin(self):
        # The cooperation zone's since 1 April 2023, of which the year is not verified; the first
        # batch of "2015" has no day of effect; Nansha's is not for Hengqin.
        answer, found = self.powers(area("guangdong/hengqin"), "2024-01-01")
        self.assertEqual({k: v[0] for k, v in found.items()}, {"gd-d3": "YES", "gd-d1": "UNKNOWN"})
        self.assertEqual(answer["powers"][0]["verification"], "VERIFICATION_UNVERIFIED")

    def test_that_a_negative_list_passes_what_is_not_on_it(self):
        # Shandong: everything but national security, public safety, life and health, ideology.
        (power,) = self.powers(area("shandong/jinan"), "2022-01-01",
                               subjectCodes=["tour_guide_licences"])[0]["powers"]
        self.assertEqual((power["inForce"], power["match"]),
                         ("IN_FORCE_YES", "POWER_MATCH_NOT_EXCLUDED"))
        self.assertEqual(self.powers(area("shandong/jinan"), "2022-01-01",
                                     subjectCodes=["public_safety"])[1], {})

    def test_who_may_license_radiology_in_lecheng(self):
        # Radiology licences are among the 57 powers passed to the bodies of the key parks.
        answer, found = self.powers(area("hainan/lecheng"), "2021-06-29",
                                    subjectCodes=["radiology_licences"])
        self.assertEqual(found, {"hi-d1": ("YES", "EFFECTIVE")})
        self.assertEqual(answer["powers"][0]["match"], "POWER_MATCH_SUBJECT")
        self.assertEqual(self.powers(area("hainan/lecheng"), "2021-06-28",
                                     subjectCodes=["radiology_licences"])[1], {})

    def test_that_nothing_is_known_of_powers_in_hebei_and_the_answer_says_so(self):
        # Hebei has no delegation records.
        answer, found = self.powers("zones/cn-hebei", "2024-01-01")
        self.assertEqual(found, {})
        self.assertTrue(answer["gaps"])

    def test_that_a_year_alone_leaves_the_start_open(self):
        # Tianjin: 241 powers "2015" without a day of effect; the regulations have no date at all.
        found = self.powers("zones/cn-tianjin", "2016-01-01")[1]
        self.assertEqual({k: v[0] for k, v in found.items()},
                         {"tj-d1": "UNKNOWN", "tj-d2": "UNKNOWN"})


if __name__ == "__main__":
    unittest.main()
