"""A dbt that is warm when it is needed.

Imports dbt and parses the project at once, without touching the database, then waits on stdin for a line that is the
command `build` and its arguments. dbt's structured events go to stdout, one JSON object a line, in the form of
`dbt --log-format json`. The exit code is dbt's own: 0 all well, 1 something failed, 2 dbt itself failed; 86: dbt cannot
be imported. Options come from the environment (DBT_*).
"""

import atexit
import contextlib
import gc
import json
import os
import resource
import shutil
import signal
import sys
import threading
import time
import uuid

gc.disable()  # a short life with many lasting objects: collecting them costs a tenth of the time and finds little

events = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
os.dup2(2, 1)  # whatever prints, plugins included, must not get between the events

try:
    from dbt_common.events.base_types import EventLevel
    from dbt_common.events.event_manager import EventManager

    from dbt.cli.main import dbtRunner
    from dbt.adapters.factory import get_adapter_by_type
    from dbt_common.events.functions import msg_to_dict
    import dbt.adapters.duckdb.impl  # noqa: F401
    import dbt.task.build  # noqa: F401  (else imported by the build, when time counts)
except ImportError as error:
    print(f"{type(error).__name__}: {error}", file=sys.stderr)
    sys.exit(86)

writing = threading.Lock()
fire_every_event = EventManager.fire_event


def fire_event(manager, event, level=None, **more):
    """Leaves out the debug events that nobody reads: dbt makes 900 in a build, each a message of its own."""
    if (level or event.level_tag()) != EventLevel.DEBUG or type(event).__name__ == "NodeFinished":
        fire_every_event(manager, event, level=level, **more)


EventManager.fire_event = fire_event


def forward(event):
    if event.info.name == "ParsePerfInfoPath":
        return  # it goes with the folder that the project is parsed in
    line = json.dumps(msg_to_dict(event))
    with writing:
        events.write(line + "\n")


def invoke(command, manifest=None):
    """Runs a dbt command, a list of arguments; gives its exit code and its result."""
    arguments = [*command, "--log-level", "none", "--no-use-colors", "--no-write-json"]
    outcome = dbtRunner(manifest=manifest, callbacks=[forward]).invoke(arguments)
    if outcome.exception is None:
        return (0 if outcome.success else 1), outcome.result
    print(f"{type(outcome.exception).__name__}: {outcome.exception}", file=sys.stderr)
    return 2, None


def write(name, data):
    events.write(json.dumps({"info": {"name": name, "level": "info", "msg": ""}, "data": data}) + "\n")


def facts_of(node):
    """What Node reads of a node: a dict with some of the keys that it has in dbt's manifest.json."""
    found = {"resource_type": node.resource_type, "schema": node.schema, "alias": node.alias}
    if is_checks(node):
        test = {"name": "checks", "kwargs": {"checks": node.test_metadata.kwargs.get("checks")}}
        found |= {"attached_node": node.attached_node, "sources": node.sources, "test_metadata": test}
    return found


def is_checks(node):
    return getattr(getattr(node, "test_metadata", None), "name", None) == "checks"


def tell_failed_checks(results):
    """Writes an event for each test with failed checks, with the rows of its query: dbt keeps only their number."""
    adapter = get_adapter_by_type("duckdb")
    with adapter.connection_named("failed_checks"):
        for result in results:
            if not is_checks(result.node) or not result.failures:
                continue
            _, table = adapter.execute(result.node.compiled_code, fetch=True)
            failed = [dict(zip(table.column_names, row)) for row in table.rows]
            for check in failed:
                check["failures"] = int(check["failures"])  # agate makes decimals of numbers
                check["example"] = None if check["example"] is None else str(check["example"])
            write("FailedChecks", {"node_info": {"unique_id": result.node.unique_id}, "failed": failed})


# The profile's variables while the project is parsed: dbt parses anew where they are not those of the last time.
in_every_home = {
    "PIPELINE_DBT_DATABASE": "warehouse.duckdb",
    "PIPELINE_DBT_THREADS": "1",
    "PIPELINE_DBT_DUCKDB_THREADS": "1",
    "PIPELINE_DBT_MEMORY_LIMIT": "1GB",
    "PIPELINE_DBT_SPILL": "spill",
}


def parse():
    """Parses the project, or takes what was parsed before; gives the exit code and the manifest, None where dbt failed.

    What was parsed of a version of a project is kept beside the environment (PIPELINE_DBT_PARSED), for all homes; where
    that folder cannot be written, in the home. What cannot be read or kept there costs time and fails nothing.
    """
    folder, name = os.path.split(os.environ["PIPELINE_DBT_PARSED"])
    if not os.access(folder, os.W_OK):
        folder, name = os.environ["DBT_TARGET_PATH"], "dbt-parsed-here"
    kept = os.path.join(folder, f"{name}-{sys.version_info.major}.{sys.version_info.minor}.msgpack")
    beside = os.path.join(folder, f"building-parsed-{uuid.uuid4()}")

    def stop(*_):
        shutil.rmtree(beside, ignore_errors=True)
        os._exit(143)

    signal.signal(signal.SIGTERM, stop)  # before the folder is there: it may come at once
    try:
        try:
            os.mkdir(beside)
        except OSError as error:
            print(f"Nothing that is parsed can be kept: {error}", file=sys.stderr)
            return parse_in(os.environ["DBT_TARGET_PATH"])
        can_read = os.path.isfile(kept) and os.access(kept, os.R_OK)
        code, manifest = parse_in(beside, kept) if can_read else parse_in(beside)
        if code == 2 and can_read:  # dbt refuses a file that is gone since
            code, manifest = parse_in(beside)
        if code == 0:
            keep(os.path.join(beside, "partial_parse.msgpack"), kept)
        return code, manifest
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def parse_in(folder, parsed=None):
    """Parses with the variables that are the same in every home; what changed since `parsed` is written to the folder."""
    real = dict(os.environ)
    os.environ |= in_every_home | {"DBT_TARGET_PATH": folder}
    if parsed is not None:
        os.environ["DBT_PARTIAL_PARSE_FILE_PATH"] = parsed
    try:
        return invoke(["parse"])
    finally:
        os.environ.clear()
        os.environ |= real


def keep(made, kept, most=10, abandoned_seconds=3600):
    """Puts what was parsed in its place, unless nothing had changed, and leaves the newest of its kind there."""
    if not os.path.exists(made):
        return
    try:
        os.replace(made, kept)
    except OSError as error:
        print(f"What was parsed cannot be kept: {error}", file=sys.stderr)
        return
    others = []
    for file in os.scandir(os.path.dirname(kept)):
        with contextlib.suppress(OSError):  # another process removed it first, or it is not ours
            changed_at = file.stat(follow_symlinks=False).st_mtime
            if file.name.startswith("building-parsed-") and time.time() - changed_at > abandoned_seconds:
                shutil.rmtree(file.path)
            if file.name.startswith("dbt-parsed-") and file.is_file(follow_symlinks=False):
                others.append((changed_at, file.path))
    for _, path in sorted(others)[:-most]:
        with contextlib.suppress(OSError):
            os.remove(path)


code, manifest = parse()
if code == 0:
    told = [node for node in manifest.nodes.values() if node.resource_type == "model" or is_checks(node)]
    nodes = {node.unique_id: facts_of(node) for node in told}
    write("Manifest", {"manifest": {"nodes": nodes}})
words = sys.stdin.readline().split()
if code == 0 and words[:1] == ["build"]:
    code, outcome = invoke(words, manifest)
    try:
        tell_failed_checks(outcome.results if outcome else [])
    except Exception as error:  # the result stands; which checks failed stays unknown
        print(f"Cannot tell which checks failed: {type(error).__name__}: {error}", file=sys.stderr)
atexit._run_exitfuncs()  # closes the database
used = resource.getrusage(resource.RUSAGE_SELF)
kilobyte = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes on macOS
write("Usage", {"cpu_ms": round(1000 * (used.ru_utime + used.ru_stime)), "peak_rss": used.ru_maxrss * kilobyte})
events.close()
sys.stderr.flush()
os._exit(code)  # taking the interpreter down in order would cost another half second
