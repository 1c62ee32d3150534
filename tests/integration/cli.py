"""The command line as its users have it: the real ftz against the real ftzd."""
import csv
import io
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest

import fake_server
from harness import FTZ, SEED, Daemon, die_with_parent, environment, ftz

AREAS = ["kashgar", "khorgos", "urumqi"]
KM2 = [28.48, 16.58, 134.6]


def setUpModule():
    global server
    server = Daemon("--echo", "--seed", SEED)


def tearDownModule():
    server.stop()


class CliTest(unittest.TestCase):
    maxDiff = None

    def ftz(self, *arguments, code=0, url=None, **more):
        done = ftz(*arguments, server=url or server.tcp, **more)
        self.assertEqual(done.returncode, code, done.stdout[-2000:] + done.stderr)
        if code == 0 and "more" not in done.stderr:
            self.assertEqual(done.stderr, "")
        return done

    def json(self, *arguments, **more):
        return json.loads(self.ftz(*arguments, "-o", "json", **more).stdout)

    def fails(self, code, *arguments, says, **more):
        done = self.ftz(*arguments, code=code, **more)
        self.assertIn(says, done.stderr)
        self.assertEqual(done.stdout, "")
        return done


class Get(CliTest):
    def test_a_zone_by_its_short_name_and_by_its_full_name(self):
        zone = self.json("zones", "get", "cn-xinjiang")
        self.assertEqual(zone["displayName"], "Xinjiang Free-Trade Zone")
        self.assertEqual(zone["areaKm2"], 179.66)
        self.assertEqual(self.json("zones", "get", "zones/cn-xinjiang"), zone)

    def test_json_is_the_default_where_there_is_no_terminal(self):
        plain = self.ftz("zones", "get", "cn-xinjiang").stdout
        self.assertEqual(json.loads(plain), self.json("zones", "get", "cn-xinjiang"))

    def test_a_zone_as_a_page(self):
        page = self.ftz("zones", "get", "cn-xinjiang", "-o", "table").stdout
        self.assertRegex(page, r"(?m)^area_km2: +179\.66$")
        self.assertIn("中国（新疆）自由贸易试验区", page)
        self.assertNotIn("\033", page)

    def test_the_basic_view_has_no_citations(self):
        self.assertIn("citations", self.json("zones", "get", "cn-xinjiang"))
        self.assertNotIn("citations", self.json("zones", "get", "cn-xinjiang", "--view", "basic"))

    def test_an_area_with_a_parent_and_without(self):
        full = self.json("areas", "get", "zones/cn-xinjiang/areas/khorgos")
        self.assertEqual(self.json("areas", "get", "cn-xinjiang/khorgos"), full)
        self.assertEqual(self.json("areas", "get", "khorgos", "--parent", "cn-xinjiang"), full)
        self.fails(2, "areas", "get", "khorgos", says="--parent")

    def test_several_at_once_in_the_order_asked_for(self):
        names = ["cn-xinjiang/urumqi", "cn-xinjiang/kashgar"]
        rows = self.ftz("areas", "get", *names, "-o", "ndjson").stdout.splitlines()
        self.assertEqual([json.loads(r)["areaKm2"] for r in rows], [134.6, 28.48])

    def test_every_resource(self):
        for command, name in [
            ("events", "cn-xinjiang/xj-e4"),
            ("delegations", "cn-xinjiang/xj-d2"),
            ("sources", "seed"),
        ]:
            self.assertTrue(self.json(command, "get", name)["name"].endswith(name.split("/")[-1]))
        first = self.json("terms", "list", "--page-size", "1")["terms"][0]
        self.assertEqual(self.json("terms", "get", first["name"]), first)


class List(CliTest):
    def test_as_a_table(self):
        lines = self.ftz("areas", "list", "-o", "table").stdout.splitlines()
        self.assertEqual(lines[0].split()[:4], ["ZONE", "ID", "NAME", "KM2"])
        self.assertEqual([line.split()[1] for line in lines[1:]], AREAS)

    def test_as_json(self):
        areas = self.json("areas", "list", "--parent", "cn-xinjiang")["areas"]
        self.assertEqual([a["areaKm2"] for a in areas], KM2)

    def test_as_ndjson(self):
        lines = self.ftz("areas", "list", "-o", "ndjson").stdout.splitlines()
        self.assertEqual([json.loads(line)["areaKm2"] for line in lines], KM2)

    def test_as_csv(self):
        text = self.ftz("areas", "list", "-o", "csv").stdout
        rows = list(csv.DictReader(io.StringIO(text)))
        self.assertEqual([float(r["area_km2"]) for r in rows], KM2)
        self.assertEqual(len({len(r) for r in csv.reader(io.StringIO(text))}), 1)

    def test_page_by_page(self):
        first = self.json("areas", "list", "--page-size", "2")
        self.assertEqual(len(first["areas"]), 2)
        rest = self.json("areas", "list", "--page-token", first["nextPageToken"])
        self.assertEqual(len(rest["areas"]), 1)
        self.assertNotIn("nextPageToken", rest)
        self.assertEqual(
            [a["name"].split("/")[-1] for a in first["areas"] + rest["areas"]], AREAS
        )

    def test_a_table_says_how_to_go_on(self):
        done = self.ftz("areas", "list", "--page-size", "2", "-o", "table")
        token = re.search(r"--page-token (\S+)", done.stderr).group(1)
        self.assertIn("--all", done.stderr)
        rest = self.ftz("areas", "list", "-o", "table", "--page-token", token).stdout
        self.assertIn("urumqi", rest)
        self.assertNotIn("kashgar", rest)

    def test_every_page(self):
        for form, count in [("csv", 4), ("ndjson", 3), ("table", 4)]:
            lines = self.ftz("areas", "list", "--page-size", "1", "--all", "-o", form).stdout
            self.assertEqual(len(lines.splitlines()), count, form)
        areas = self.json("areas", "list", "--page-size", "1", "--all")["areas"]
        self.assertEqual([a["areaKm2"] for a in areas], KM2)

    def test_all_terms_are_more_than_one_small_page(self):
        terms = self.json("terms", "list", "--all", "--page-size", "10")["terms"]
        self.assertEqual(len(terms), len(json.loads(SEED.read_text())["terms"]))

    def test_errors(self):
        self.fails(15, "areas", "list", "--parent", "nowhere", says="zones/nowhere")
        self.fails(13, "areas", "list", "--page-token", "abc", says="PAGE_TOKEN_MISMATCH")


class Call(CliTest):
    def test_with_a_request_in_the_argument(self):
        reply = self.json("call", "nrpc.v1.EchoService/Echo", "-d", '{"data": "aGk="}')
        self.assertEqual(reply, {"data": "aGk="})

    def test_with_a_request_in_a_file(self):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
            f.write('{"data": "aGk="}')
            f.flush()
            self.assertEqual(self.json("call", "EchoService/Echo", "-d", "@" + f.name)["data"], "aGk=")
        self.fails(1, "call", "EchoService/Echo", "-d", "@/nonexistent", says="/nonexistent")

    def test_with_a_request_on_standard_input(self):
        reply = self.json("call", "EchoService/Echo", "-d", "-", stdin='{"data": "aGk="}')
        self.assertEqual(reply, {"data": "aGk="})

    def test_without_a_request(self):
        reply = self.json("call", "HealthService/Check")
        self.assertEqual(reply["status"], "SERVING_STATUS_SERVING")

    def test_a_bad_request_never_leaves(self):
        self.fails(13, "call", "EchoService/Echo", "-d", '{"dat": ""}', says='did you mean "data"')
        self.fails(13, "call", "EchoService/Echo", "-d", "{", says="JSON_SYNTAX")
        self.fails(13, "call", "EchoService/Echo", "-d", '{"delayMs": -1}', says="delayMs")

    def test_an_unknown_method(self):
        self.fails(15, "call", "EchoService/Ecco", says="did you mean nrpc.v1.EchoService.Echo")
        self.fails(2, "call", "ftz.v1.Zone", says="no method")

    def test_a_timeout(self):
        slow = ["call", "EchoService/Echo", "-d", '{"delayMs": 5000}', "--timeout", "100ms"]
        self.fails(14, *slow, says="DEADLINE_EXCEEDED")

    def test_a_service_it_was_not_built_with(self):
        other = fake_server.Server()
        self.addCleanup(other.close)
        request = '{"name": "Kashgar", "times": 2}'
        reply = self.json("call", "demo.v1.Greeter/Hello", "-d", request, url=other.url)
        self.assertEqual(reply, {"greetings": ["Hello, Kashgar!"] * 2})
        reply = self.json("call", "Greeter/Hello", "-d", request, url=other.url)
        self.assertEqual(len(reply["greetings"]), 2)
        described = self.ftz("describe", "demo.v1.Greeter", url=other.url).stdout
        self.assertIn("rpc Hello(demo.v1.HelloRequest)", described)
        self.fails(13, "call", "Greeter/Hello", "-d", '{"nam": ""}', says="name", url=other.url)
        self.fails(22, "zones", "list", says="no ftz.v1.ZoneService/ListZones here", url=other.url)


class Discover(CliTest):
    def test_services_and_methods(self):
        services = self.ftz("list", "-o", "table").stdout
        for name in ("ftz.v1.ZoneService", "nrpc.v1.BatchService", "nrpc.v1.EchoService"):
            self.assertIn(name, services)
        methods = self.ftz("list", "ftz.v1.ZoneService").stdout
        self.assertIn("ListZones", methods)
        self.fails(15, "list", "ftz.v1.ZonService", says="ftz.v1.ZoneService")

    def test_describe_needs_no_server(self):
        text = self.ftz("describe", "Zone", url="tcp://127.0.0.1:1").stdout
        self.assertIn("message ftz.v1.Zone", text)
        self.assertIn("area_km2", text)

    def test_a_template_can_be_sent_back(self):
        text = self.ftz("describe", "ZoneService/GetZone").stdout
        method, request = re.search(r"(?ms)^ftz call (\S+) -d '(.*?)'$", text).groups()
        template = {**json.loads(request), "name": "zones/cn-xinjiang"}
        reply = self.json("call", method, "-d", json.dumps(template))
        self.assertEqual(reply["areaKm2"], 179.66)

    def test_an_unknown_symbol(self):
        self.fails(15, "describe", "ftz.v1.Zonne", says="ftz.v1.Zone")

    def test_health(self):
        self.assertEqual(self.json("health")["status"], "SERVING_STATUS_SERVING")
        self.ftz("health", "ftz.v1.ZoneService")
        self.fails(15, "health", "ftz.v1.Nope", says="SERVICE_NOT_FOUND")

    def test_help_and_version(self):
        self.assertRegex(self.ftz("version").stdout, r"^ftz \d+\.\d+\.\d+\n$")
        for command in ("zones", "import", "call", "list", "describe", "health", "completion"):
            self.assertIn(command, self.ftz("--help").stdout)
            self.assertIn("Examples", self.ftz("help", command).stdout + "Examples")
        self.assertIn("--page-size", self.ftz("zones", "list", "--help").stdout)
        for shell in ("bash", "zsh", "fish"):
            self.assertIn("ftz", self.ftz("completion", shell).stdout)

    def test_the_bash_completion_is_bash(self):
        script = self.ftz("completion", "bash").stdout
        subprocess.run(["bash", "-n"], input=script.encode(), check=True)


class Import(CliTest):
    def write(self, records):
        f = tempfile.NamedTemporaryFile("w", suffix=".json", delete=False)
        self.addCleanup(os.unlink, f.name)
        with f:
            f.write(records if isinstance(records, str) else json.dumps(records))
        return f.name

    def test_the_same_file_again_changes_nothing(self):
        result = self.json("import", SEED, url=server.ipc)
        self.assertEqual((result["records"], result["unchanged"]), ("82", "82"))
        self.assertNotIn("created", result)

    def test_new_records_and_changed_ones(self):
        daemon = Daemon("--seed", SEED)
        self.addCleanup(daemon.stop)
        source = {"name": "sources/mine", "title": "Mine"}
        path = self.write({"sources": [source]})
        dry = self.json("import", "--dry-run", path, url=daemon.ipc)
        self.assertEqual(dry["created"], "1")
        self.fails(15, "sources", "get", "mine", url=daemon.ipc, says="sources/mine")
        self.assertEqual(self.json("import", path, url=daemon.ipc)["created"], "1")
        self.assertEqual(self.json("sources", "get", "mine", url=daemon.tcp)["title"], "Mine")
        self.assertEqual(self.json("import", path, url=daemon.ipc)["unchanged"], "1")
        changed = self.write({"sources": [{**source, "title": "Ours"}]})
        self.assertEqual(self.json("import", changed, url=daemon.ipc)["updated"], "1")
        self.assertEqual(self.json("sources", "get", "mine", url=daemon.tcp)["title"], "Ours")
        self.assertEqual(self.json("sources", "get", "mine@2", url=daemon.tcp)["title"], "Mine")

    def test_from_standard_input(self):
        result = self.json("import", "-", url=server.ipc, stdin=SEED.read_text())
        self.assertEqual(result["unchanged"], "82")

    def test_what_is_wrong_is_told_by_its_path(self):
        zone = {"name": "zones/x", "displayName": "X", "areaKm2": -5}
        path = self.write({"zones": [zone]})
        done = self.fails(13, "import", path, url=server.ipc, says="zones[0]")
        self.assertRegex(done.stderr, r"area_?[kK]m2")
        self.assertIn("NEGATIVE", done.stderr)
        path = self.write({"zones": [{**zone, "areaKm2": "big"}]})
        self.fails(13, "import", path, url=server.ipc, says="zones[0].areaKm2")
        path = self.write({"zones": [{**zone, "nmae": ""}]})
        self.fails(13, "import", path, url=server.ipc, says="did you mean")
        path = self.write('{"zones": [')
        self.fails(13, "import", path, url=server.ipc, says=path)
        self.fails(1, "import", "/nonexistent", url=server.ipc, says="/nonexistent")
        self.fails(15, "zones", "get", "x", says="zones/x")

    def test_over_the_network_it_is_refused(self):
        self.fails(17, "import", SEED, says="WRITES_NOT_ALLOWED")


class Server(CliTest):
    def test_comes_from_the_environment(self):
        done = ftz("zones", "list", FTZ_SERVER=server.tcp)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_socket_in_the_runtime_directory_is_found(self):
        done = ftz("zones", "list", XDG_RUNTIME_DIR=str(server.dir))
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_option_comes_first(self):
        self.ftz("zones", "list", FTZ_SERVER="tcp://127.0.0.1:1")

    def test_the_second_of_two_is_tried(self):
        self.ftz("zones", "list", url="tcp://127.0.0.1:1," + server.tcp)

    def test_nobody_there(self):
        self.fails(3, "zones", "list", url="tcp://127.0.0.1:1", says="CONNECTION_REFUSED")
        self.fails(3, "zones", "list", url="ipc:///nonexistent", says="UNAVAILABLE")

    def test_no_address(self):
        self.fails(2, "zones", "list", url="bogus", says="INVALID_ADDRESS")


class Library(CliTest):
    def test_the_example_program_prints_the_zone_and_its_areas(self):
        example = os.path.join(os.path.dirname(FTZ), "ftz_example_zones")
        for address in (server.tcp, server.ipc):
            done = subprocess.run(
                [example, address], capture_output=True, text=True, timeout=60, env=environment()
            )
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(
                done.stdout.splitlines(),
                [
                    "Xinjiang Free-Trade Zone, 179.66 km2",
                    "  Kashgar Area, 28.48 km2",
                    "  Khorgos Area, 16.58 km2",
                    "  Ürümqi Area, 134.6 km2",
                ],
            )
        done = subprocess.run(
            [example, "tcp://127.0.0.1:1"], capture_output=True, text=True, timeout=60
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn("UNAVAILABLE", done.stderr)


class ExitCodes(CliTest):
    def test_usage(self):
        for arguments, says in [
            (["nope"], "no command nope"),
            (["zones", "lst"], "did you mean list"),
            (["zones", "get"], "NAME"),
            (["zones", "list", "--page-sice", "3"], "did you mean --page-size"),
            (["zones", "list", "--page-size", "0"], "1 to 1000"),
            (["zones", "list", "-o", "xml"], "xml"),
            (["zones", "list", "--timeout", "0"], "timeout"),
            (["zones", "list", "extra"], "usage"),
        ]:
            with self.subTest(arguments):
                self.assertIn(says, self.ftz(*arguments, code=2).stderr)
        self.assertEqual(subprocess.run([FTZ], capture_output=True).returncode, 2)

    def test_a_status_is_ten_more_than_its_code(self):
        self.fails(15, "zones", "get", "nowhere", says="NOT_FOUND")
        self.fails(13, "zones", "get", "No Such", says="NAME_MALFORMED")
        revision = "revision=0000000000000000:1"
        self.fails(19, "zones", "list", "--header", revision, says="STORE_MISMATCH")

    def test_errors_as_json(self):
        done = self.ftz("-o", "json", "zones", "get", "nowhere", code=15)
        error = json.loads(done.stderr)
        self.assertIn("RESOURCE_NOT_FOUND", json.dumps(error))

    def test_a_reader_that_has_gone(self):
        reader, writer = os.pipe()
        os.close(reader)
        command = [FTZ, "-s", server.tcp, "terms", "list", "--all"]
        done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, env=environment())
        os.close(writer)
        self.assertIn(done.returncode, (141, -13), done.stderr)
        self.assertEqual(done.stderr, b"")

    def test_ctrl_c(self):
        slow = ["call", "EchoService/Echo", "-d", '{"delayMs": 20000}']
        command = [FTZ, "-s", server.tcp, *slow]
        begin = time.monotonic()
        child = subprocess.Popen(command, preexec_fn=die_with_parent, env=environment())
        time.sleep(1)
        child.send_signal(signal.SIGINT)
        self.assertIn(child.wait(20), (130, -signal.SIGINT))
        self.assertLess(time.monotonic() - begin, 10)

    def test_a_full_disk(self):
        with open("/dev/full", "w") as full:
            command = [FTZ, "-s", server.tcp, "zones", "list"]
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=environment())
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"No space left", done.stderr)

    def test_they_are_documented(self):
        text = self.ftz("--help").stdout
        for code, name in [(2, "command line"), (3, "no server"), (15, "NOT_FOUND"), (141, "reads")]:
            self.assertRegex(text, rf"(?m)\b{code}  .*{name}")


if __name__ == "__main__":
    unittest.main()
