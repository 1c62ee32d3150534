"""Writing and following the registry, by the real ftz against the real ftzd."""
import json
import os
import re
import select
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from harness import FTZ, SEED, Daemon, die_with_parent, environment, ftz

UUID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
KHORGOS = "zones/cn-xinjiang/areas/khorgos"


class WritesTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = Daemon("--seed", SEED)
        cls.addClassCleanup(cls.server.stop)
        scratch = tempfile.TemporaryDirectory(prefix="ftz-writes-")
        cls.addClassCleanup(scratch.cleanup)
        cls.dir = Path(scratch.name)

    def ftz(self, *arguments, code=0, url=None, **more):
        done = ftz(*arguments, server=url or self.server.ipc, **more)
        self.assertEqual(done.returncode, code, done.stdout[-2000:] + done.stderr)
        return done

    def json(self, *arguments, **more):
        return json.loads(self.ftz(*arguments, "-o", "json", **more).stdout)

    def fails(self, code, *arguments, says, **more):
        self.assertIn(says, self.ftz(*arguments, code=code, **more).stderr)


class Create(WritesTest):
    def test_field_by_field(self):
        made = self.json(
            "areas", "create", "cn-xinjiang/fields", "--set", "display_name=Fields, and more",
            "--set", "area_km2=12.5", "--set", "opening_date=2024-05", "--set", "names.zh.text=新",
            "--set", "names.zh.kind=official", "--set", 'parts=[{"id": "p", "displayName": "P"}]',
            "--set", "focus_industries_open=yes",
        )
        self.assertEqual(made["name"], "zones/cn-xinjiang/areas/fields")
        self.assertEqual(made["displayName"], "Fields, and more")
        self.assertEqual(made["areaKm2"], 12.5)
        self.assertEqual(made["openingDate"], {"year": 2024, "month": 5})
        self.assertEqual(made["names"], [{"id": "zh", "text": "新", "kind": "NAME_KIND_OFFICIAL"}])
        self.assertIs(made["focusIndustriesOpen"], True)

    def test_from_json(self):
        source = {"title": "A", "kind": "SOURCE_KIND_NEWS"}
        self.json("sources", "create", "a", "-d", json.dumps(source))
        self.json("sources", "create", "b", "-d", "-", stdin=json.dumps(source))
        path = self.dir / "c.json"
        path.write_text(json.dumps(source))
        made = self.json("sources", "create", "c", "-d", f"@{path}", "--set", "title=C")
        self.assertEqual((made["title"], made["kind"]), ("C", "SOURCE_KIND_NEWS"))

    def test_a_term_lies_in_its_vocabulary(self):
        made = self.json("terms", "create", "industries/new_one", "--set", "display_name=new")
        self.assertEqual(made["name"], "vocabularies/industries/terms/new_one")
        self.json("terms", "create", "new_two", "--parent", "industries", "--set", "display_name=2")

    def test_the_same_request_again_gets_the_first_answer(self):
        arguments = ["sources", "create", "once", "--set", "title=T", "--request-id", UUID]
        self.assertEqual(self.json(*arguments), self.json(*arguments))
        self.fails(16, "sources", "create", "once", "--set", "title=T", says="ALREADY_EXISTS")

    def test_only_tried(self):
        said = self.ftz("sources", "create", "dry", "--set", "title=T", "--validate-only", "-o", "table").stdout
        self.assertEqual(said, "could create sources/dry\n")
        self.fails(15, "sources", "get", "dry", says="NOT_FOUND")

    def test_mistakes(self):
        create = ["areas", "create", "cn-xinjiang/bad"]
        self.fails(13, *create, "--set", "area_km2=big", says="expected a number")
        self.fails(13, *create, "--set", "area_km=1", says="area_km2")
        self.fails(13, *create, "--set", "area_km2", says="PATH=VALUE")
        self.fails(13, *create, "--set", "names.zh.kind=offical", says="did you mean OFFICIAL?")
        self.fails(13, *create, "--set", "opening_date=soon", says="2023-11-01")
        self.fails(13, *create, "-d", '{"areaKm": 1}', says='did you mean "areaKm2"')
        self.fails(13, *create, "-d", "[]", says="JSON object")
        self.fails(13, *create, says="display_name")
        self.fails(2, "areas", "create", "bad", says="--parent")
        self.fails(15, "areas", "create", "nowhere/bad", "--set", "display_name=B", says="zones/nowhere")
        self.fails(17, *create, "--set", "display_name=B", url=self.server.tcp, says="PERMISSION_DENIED")


class Update(WritesTest):
    def test_changes_what_is_named_and_nothing_else(self):
        before = self.json("areas", "get", KHORGOS)
        self.json("areas", "update", KHORGOS, "--set", "seat=Khorgos", "--set", "names.new.text=K")
        after = self.json("areas", "get", KHORGOS)
        self.assertEqual(after["seat"], "Khorgos")
        self.assertIn({"id": "new", "text": "K"}, after["names"])
        same = lambda a: {k: v for k, v in a.items() if k not in ("seat", "names", "etag", "revision", "updateTime")}
        self.assertEqual(same(after), same(before))
        self.json("areas", "update", KHORGOS, "--set", "seat=", "--set", "names.new=")
        self.assertEqual(self.json("areas", "get", KHORGOS)["names"], before["names"])

    def test_data_names_its_members(self):
        self.json("sources", "create", "data", "--set", "title=T", "--set", "note=N")
        done = self.json("sources", "update", "data", "-d", '{"title": "U"}')
        self.assertEqual((done["title"], done["note"]), ("U", "N"))
        done = self.json("sources", "update", "data", "-d", '{"title": "V"}', "--mask", "title,note")
        self.assertEqual((done["title"], "note" in done), ("V", False))
        done = self.json("sources", "update", "data", "-d", '{"title": "W"}', "--mask", "*")
        self.assertEqual((done["title"], "note" in done), ("W", False))

    def test_an_etag_guards(self):
        etag = self.json("sources", "create", "guarded", "--set", "title=T")["etag"]
        self.json("sources", "update", "guarded", "--set", "title=U", "--etag", etag)
        self.fails(20, "sources", "update", "guarded", "--set", "title=V", "--etag", etag, says="ETAG")
        bare = self.json("sources", "get", "guarded")["etag"].strip('"')
        self.json("sources", "update", "guarded", "--set", "title=V", "--etag", bare)

    def test_may_create(self):
        self.fails(15, "sources", "update", "missing", "--set", "title=T", says="NOT_FOUND")
        self.json("sources", "update", "missing", "--set", "title=T", "--allow-missing")

    def test_nothing_to_change(self):
        self.fails(2, "sources", "update", "seed", says="nothing to change")


class Delete(WritesTest):
    def test_and_bring_back(self):
        self.json("sources", "create", "gone", "--set", "title=T")
        said = self.ftz("sources", "delete", "gone", "-o", "table").stdout
        self.assertRegex(said, r"^deleted sources/gone, .*undeleted until \d{4}-")
        self.assertNotIn("sources/gone", self.ftz("sources", "list", "--all").stdout)
        self.assertIn("sources/gone", self.ftz("sources", "list", "--all", "--show-deleted").stdout)
        self.fails(15, "sources", "delete", "gone", says="NOT_FOUND")
        self.ftz("sources", "delete", "gone", "--allow-missing")
        self.assertNotIn("deleteTime", self.json("sources", "undelete", "gone"))

    def test_several(self):
        for name in ("m1", "m2"):
            self.json("sources", "create", name, "--set", "title=T")
        said = self.ftz("sources", "delete", "m1", "m2", "-o", "table").stdout
        self.assertEqual(len(said.splitlines()), 2)
        self.fails(2, "sources", "delete", "m1", "m2", "--etag", "x", says="one at a time")

    def test_a_zone_with_what_lies_in_it(self):
        self.json("zones", "create", "full", "--set", "display_name=Full")
        self.json("areas", "create", "full/a", "--set", "display_name=A")
        self.fails(19, "zones", "delete", "full", says="HAS_CHILDREN")
        self.ftz("zones", "delete", "full", "--force")
        self.assertIn("deleteTime", self.json("areas", "get", "full/a"))
        self.assertEqual(ftz("areas", "delete", "full/a", "--force").returncode, 2)


class Edit(WritesTest):
    """With an editor that is a script."""

    def edit(self, script, name="edited", code=0, **more):
        editor = self.dir / "editor"
        editor.write_text("#!/bin/sh\nset -e\n" + script)
        editor.chmod(0o755)
        return self.ftz("sources", "edit", name, "-o", "table", code=code, VISUAL="", EDITOR=str(editor),
                        TMPDIR=str(self.dir), **more)

    def kept(self, done):
        path = Path(re.search(r"kept in (\S+)", done.stderr).group(1))
        text = path.read_text()
        path.unlink()
        return text

    def setUp(self):
        self.json("sources", "update", "edited", "--set", "title=One", "--set", "note=N", "--allow-missing")

    def tearDown(self):
        self.assertEqual([f for f in os.listdir(self.dir) if f.startswith("ftz-edit-")], [])

    def test_what_was_changed_is_written(self):
        self.assertIn("updated sources/edited", self.edit('sed -i "s/One/Two/; /note/d; s/Two\\",/Two\\"/" "$1"').stdout)
        now = self.json("sources", "get", "edited")
        self.assertEqual((now["title"], "note" in now), ("Two", False))
        self.assertEqual(self.json("history", "sources/edited")["revisions"][0]["changedFields"], ["title", "note"])

    def test_server_fields_are_not_shown(self):
        shown = self.dir / "shown"
        self.edit(f'cp "$1" {shown}')
        self.assertEqual(json.loads(shown.read_text()), {"name": "sources/edited", "title": "One", "note": "N"})

    def test_the_same_text_changes_nothing(self):
        before = self.json("sources", "get", "edited")
        self.assertIn("nothing changed", self.edit("true").stderr)
        self.assertEqual(self.json("sources", "get", "edited"), before)

    def test_refused_text_is_kept(self):
        done = self.edit('sed -i "s/One/\\n/" "$1"', code=13)
        self.assertIn("JSON_SYNTAX", done.stderr)
        self.assertIn('"title": "', self.kept(done))
        done = self.edit('sed -i s/One// "$1"', code=13)
        self.assertIn("title", done.stderr)
        self.kept(done)
        done = self.edit('sed -i s,sources/edited,sources/other, "$1"', code=13)
        self.assertIn("NAME_CHANGED", done.stderr)
        self.kept(done)

    def test_somebody_was_faster(self):
        done = self.edit(f'sed -i s/One/Mine/ "$1"\n{FTZ} -s {self.server.ipc} sources update edited --set title=Theirs', code=20)
        self.assertIn("ETAG_MISMATCH", done.stderr)
        self.assertIn('"Mine"', self.kept(done))
        self.assertEqual(self.json("sources", "get", "edited")["title"], "Theirs")

    def test_an_editor_that_fails(self):
        done = self.edit("exit 3", code=1)
        self.assertIn("failed", done.stderr)
        self.kept(done)

    def test_again_on_a_terminal(self):
        """The first try is outdated; the second has both changes."""
        import pty

        editor = self.dir / "editor"
        editor.write_text(
            "#!/bin/sh\nset -e\n[ -e $0.ran ] && exit 0\ntouch $0.ran\n"
            f'sed -i s/One/Mine/ "$1"\n{FTZ} -s {self.server.ipc} sources update edited --set note=Theirs >/dev/null\n'
        )
        editor.chmod(0o755)
        master, slave = pty.openpty()
        child = subprocess.Popen(
            [FTZ, "-s", self.server.ipc, "sources", "edit", "edited"], stdin=slave, stdout=slave, stderr=slave,
            preexec_fn=die_with_parent, env=environment(VISUAL=str(editor), TMPDIR=str(self.dir)),
        )
        os.close(slave)
        said = ""
        while "edit again?" not in said:
            self.assertTrue(select.select([master], [], [], 20)[0], said)
            said += os.read(master, 4096).decode()
        os.write(master, b"y\n")
        self.assertEqual(child.wait(20), 0)
        os.close(master)
        (self.dir / "editor.ran").unlink()
        now = self.json("sources", "get", "edited")
        self.assertEqual((now["title"], now["note"]), ("Mine", "Theirs"))


class History(WritesTest):
    def test_newest_first(self):
        self.json("sources", "create", "past", "--set", "title=A")
        self.json("sources", "update", "past", "--set", "title=B")
        self.ftz("sources", "delete", "past")
        rows = self.ftz("sources", "history", "past", "-o", "csv").stdout.splitlines()
        self.assertEqual(rows[0], "revision,time,change,name,actor,fields")
        self.assertEqual([r.split(",")[2] for r in rows[1:]], [f"CHANGE_TYPE_{t}" for t in ("DELETED", "UPDATED", "CREATED")])
        revisions = self.json("history", "sources/past")["revisions"]
        self.assertEqual([r["resource"]["source"]["title"] for r in revisions], ["B", "B", "A"])
        self.assertEqual(len(self.json("history", "sources/past", "--limit", "1")["revisions"]), 1)

    def test_by_short_names(self):
        for typed, name in [("cn-xinjiang", "zones/cn-xinjiang"), ("cn-xinjiang/khorgos", KHORGOS), (KHORGOS, KHORGOS)]:
            self.assertEqual(self.json("history", typed)["revisions"][0]["name"], name)
        self.fails(15, "history", "nowhere", says="zones/nowhere")


class Check(WritesTest):
    def test_doubts_end_well_unless_told_otherwise(self):
        doubts = self.json("check")["doubts"]
        self.assertTrue(doubts)
        self.assertTrue(all(d["code"] and d["resource"] and d["message"] for d in doubts))
        self.ftz("check", "--fail", code=4)
        self.assertEqual(len(self.json("check", "--limit", "1")["doubts"]), 1)
        self.assertTrue(self.ftz("check", "cn-xinjiang", "-o", "table").stdout.startswith("CODE"))

    def test_every_code_is_explained(self):
        codes = {d["code"] for d in self.json("check")["doubts"]}
        text = self.ftz("help", "check").stdout
        self.assertEqual({c for c in codes if c not in text}, set())


class Watch(unittest.TestCase):
    def start(self, *options, **more):
        daemon = Daemon(*options, **more)
        self.addCleanup(daemon.stop)
        return daemon

    def ftz(self, *arguments, code=0, **more):
        done = ftz(*arguments, **more)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def follow(self, url, *arguments):
        child = subprocess.Popen(
            [FTZ, "-s", url, "watch", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=die_with_parent, env=environment(), text=True,
        )
        self.addCleanup(lambda: (child.kill(), child.wait(), child.stdout.close(), child.stderr.close()))
        return child

    def line(self, child):
        self.assertTrue(select.select([child.stdout], [], [], 20)[0], "nothing came")
        return json.loads(child.stdout.readline())

    def create(self, server, name):
        self.ftz("sources", "create", name, "--set", "title=T", server=server)

    def test_what_there_is_and_no_more(self):
        server = self.start("--seed", SEED)
        self.create(server.ipc, "unlike")
        done = self.ftz("watch", "--since", "1", "--once", server=server.ipc)
        change = json.loads(done.stdout)
        self.assertEqual((change["type"], change["name"]), ("CHANGE_TYPE_CREATED", "sources/unlike"))
        since = re.search(r"--since (\S+)", done.stderr).group(1)
        self.assertEqual(self.ftz("watch", "--since", since, "--once", server=server.ipc).stdout, "")
        everything = self.ftz("watch", "--since", "start", "--once", server=server.ipc).stdout
        self.assertGreater(len(everything.splitlines()), 50)
        zones = self.ftz("watch", "--since", "start", "--once", "--type", "zone", "--full", server=server.ipc).stdout
        self.assertEqual(json.loads(zones)["resource"]["zone"]["name"], "zones/cn-xinjiang")
        below = self.ftz("watch", "--since", "start", "--once", "--prefix", "sources/un", server=server.ipc).stdout
        self.assertEqual(len(below.splitlines()), 1)

    def test_places_behind_each_answer(self):
        server = self.start("--seed", SEED)
        done = self.ftz("watch", "--since", "start", "--once", "--bookmarks", server=server.ipc)
        last = json.loads(done.stdout.splitlines()[-1])
        self.assertIn(last["nextSince"], done.stderr)

    def test_changes_arrive_as_they_happen_and_ctrl_c_tells_the_place(self):
        server = self.start()
        child = self.follow(server.ipc)
        self.wait_until_waiting(child)
        self.create(server.ipc, "first")
        self.assertEqual(self.line(child)["name"], "sources/first")
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(20), 130)
        since = re.search(r"--since (\S+)", child.stderr.read()).group(1)
        self.create(server.ipc, "second")
        done = self.ftz("watch", "--since", since, "--once", server=server.ipc)
        self.assertEqual(json.loads(done.stdout)["name"], "sources/second")

    def wait_until_waiting(self, child):
        time.sleep(1)
        self.assertIsNone(child.poll())

    def test_it_goes_on_when_the_server_was_away(self):
        import shutil

        server = self.start()
        child = self.follow(server.ipc)
        self.wait_until_waiting(child)
        self.create(server.ipc, "before")
        self.assertEqual(self.line(child)["name"], "sources/before")
        kept = tempfile.mkdtemp(prefix="ftz-kept-")
        self.addCleanup(shutil.rmtree, kept, True)
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(20)
        command = server.process.args
        again = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)
        self.addCleanup(lambda: (again.kill(), again.wait()))
        until = time.monotonic() + 20
        while ftz("sources", "create", "after", "--set", "title=T", server=server.ipc).returncode:
            self.assertLess(time.monotonic(), until)
            time.sleep(0.1)
        self.assertEqual(self.line(child)["name"], "sources/after")
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.wait(20), 143)
        said = child.stderr.read()
        self.assertIn("the server is away", said)
        self.assertIn("the server is back", said)

    def test_a_state_file_keeps_the_place(self):
        server = self.start()
        state = Path(str(server.dir) + ".state")
        self.addCleanup(lambda: state.unlink(missing_ok=True))
        self.ftz("watch", "--state", state, "--once", server=server.ipc)
        for name in ("a", "b", "c"):
            self.create(server.ipc, name)
        names = []
        for expected in (1, 2):
            done = self.ftz("watch", "--state", state, "--limit", expected, "--once", server=server.ipc)
            names += [json.loads(line)["name"] for line in done.stdout.splitlines()]
        self.assertEqual(names, ["sources/a", "sources/b", "sources/c"])
        state.write_text("two\nlines\n")
        done = self.ftz("watch", "--state", state, "--once", server=server.ipc, code=1)
        self.assertIn("no state of a watch", done.stderr)

    def test_another_store_is_told_with_its_own_code(self):
        server = self.start()
        done = self.ftz("watch", "--since", "0123456789abcdef:5", "--once", server=server.ipc, code=21)
        self.assertIn("RESYNC_REQUIRED", done.stderr)
        self.assertIn("next step", done.stderr)

    def test_nobody_there(self):
        self.ftz("watch", server="tcp://127.0.0.1:1", code=3)


class ExportWhileWriting(WritesTest):
    def test_the_file_is_of_one_revision(self):
        """Pairs of sources are always written together: a torn export would have half of one."""
        self.ftz("import", "-", stdin=ftz("generate", "--events", "600").stdout)
        loop = (
            'i=0; while :; do i=$((i+1)); for s in aaa zzz; do printf \'{"source":{"name":"sources/%s",'
            '"title":"%d"}}\\n\' $s $i; done | "$0" -s "$1" import - >/dev/null || exit; done'
        )
        writer = subprocess.Popen(["sh", "-c", loop, FTZ, self.server.ipc], preexec_fn=die_with_parent,
                                  env=environment(), stderr=subprocess.DEVNULL)
        try:
            pairs = []
            for _ in range(5):
                sources = json.loads(self.ftz("export").stdout)["sources"]
                pairs.append([s["title"] for s in sources if s["name"] in ("sources/aaa", "sources/zzz")])
        finally:
            writer.kill()
            writer.wait()
        for pair in pairs[1:]:
            self.assertEqual(len(pair), 2)
            self.assertEqual(pair[0], pair[1])
        self.assertNotEqual(pairs[1], pairs[-1])


if __name__ == "__main__":
    unittest.main()
