"""Asks an etcd whatever Python's etcd3 can ask, and prints each answer, for comparison with another server's."""

import io
import sys
import threading

import etcd3
import etcd3.exceptions
import grpc


def outcome(run):
    """What a call gives, or how it fails."""
    try:
        return run()
    except grpc.RpcError as error:
        return f"{error.code().name} {error.details()}"
    except etcd3.exceptions.Etcd3Exception as error:
        return type(error).__name__


def tell(what, run):
    print(what, outcome(run), flush=True)


def pair(answer):
    value, meta = answer
    if meta is None:
        return (value, None)
    return (value, meta.key, meta.create_revision, meta.mod_revision, meta.version, meta.lease_id != 0)


def pairs(answers):
    return [pair(answer) for answer in answers]


def values_and_keys(client):
    tell("put", lambda: client.put("a", "1").header.revision)
    tell("put again", lambda: client.put("a", "2", prev_kv=True).prev_kv.value)
    tell("put empty", lambda: client.put("", "2"))
    tell("get", lambda: pair(client.get("a")))
    tell("get serializable", lambda: pair(client.get("a", serializable=True)))
    tell("get nothing", lambda: pair(client.get("nothing")))
    tell("create", lambda: client.put_if_not_exists("a", "3"))
    tell("create other", lambda: client.put_if_not_exists("b", "3"))
    tell("replace", lambda: client.replace("b", "3", "4"))
    tell("replace wrong", lambda: client.replace("b", "3", "5"))
    for name, value in (("x", "3"), ("y", "1"), ("z", "2")):
        tell(f"put {name}", lambda: client.put(f"r/{name}", value).header.revision)
    for target in ("key", "version", "create", "mod", "value"):
        for order in ("ascend", "descend"):
            tell(f"sorted by {target} {order}", lambda: pairs(
                client.get_prefix("r/", sort_target=target, sort_order=order)))
    tell("range", lambda: pairs(client.get_range("a", "c")))
    tell("keys only", lambda: pairs(client.get_prefix("r/", keys_only=True)))
    tell("all", lambda: pairs(client.get_all()))
    tell("count", lambda: client.get_prefix_response("r/").count)
    tell("delete", lambda: client.delete("a"))
    tell("delete nothing", lambda: client.delete("a"))
    tell("delete with previous", lambda: [
        kv.value for kv in client.delete("b", prev_kv=True, return_response=True).prev_kvs])
    tell("delete prefix", lambda: client.delete_prefix("r/").deleted)


def transactions(client):
    t = client.transactions
    client.put("t", "1")
    for name, compare in (
        ("value", [t.value("t") == "1"]),
        ("version", [t.version("t") > 0, t.version("new") == 0]),
        ("create", [t.create("t") != 0]),
        ("mod", [t.mod("t") < 1]),
        ("nothing", []),
    ):
        success, failure = [t.put("t/yes", name), t.get("t")], [t.put("t/no", name), t.delete("t/yes")]
        tell(f"txn {name}", lambda: client.transaction(compare=compare, success=success, failure=failure)[0])
        tell(f"after txn {name}", lambda: pairs(client.get_prefix("t")))
    tell("twice", lambda: client.transaction(compare=[], success=[t.put("t", "1"), t.put("t", "2")], failure=[]))
    nested = t.txn([t.value("t") == "1"], [t.put("t/nested", "yes")], [t.put("t/nested", "no")])
    tell("nested", lambda: client.transaction(compare=[], success=[nested], failure=[])[0])
    tell("after nested", lambda: pair(client.get("t/nested")))


def watches(client):
    seen = []
    enough = threading.Event()

    def note(response):
        for event in response.events:
            seen.append((type(event).__name__, event.key, event.value, event.mod_revision, event.prev_value))
            if len(seen) == 6:
                enough.set()

    client.put("w/before", "1")
    revision = client.put("w/first", "1").header.revision
    watch = client.add_watch_prefix_callback("w/", note, start_revision=revision, prev_kv=True)
    client.put("w/first", "2")
    client.put("w/a", "1")
    client.delete("w/a")
    client.put("other", "1")
    client.transaction(compare=[], success=[
        client.transactions.put("w/b", "1"), client.transactions.put("w/c", "1")], failure=[])
    enough.wait(20)
    client.cancel_watch(watch)
    for event in seen:
        print("seen", event)
    events, cancel = client.watch("w/once")
    client.put("w/once", "1")
    print("iterated", next(events).value)
    cancel()


def leases_and_locks(client):
    lease = client.lease(60)
    tell("leased", lambda: client.put("l/1", "v", lease=lease).header.revision)
    client.put("l/2", "v", lease=lease)
    tell("granted", lambda: (lease.granted_ttl, lease.remaining_ttl > 50, sorted(lease.keys)))
    tell("refreshed", lambda: [answer.TTL for answer in lease.refresh()])
    tell("leased keys", lambda: pairs(client.get_prefix("l/")))
    tell("revoked", lambda: lease.revoke())
    tell("revoked keys", lambda: pairs(client.get_prefix("l/")))
    tell("revoked again", lambda: client.revoke_lease(lease.id))
    tell("refreshed after", lambda: [answer.TTL for answer in client.refresh_lease(lease.id)])
    tell("info after", lambda: client.get_lease_info(lease.id).TTL)
    tell("own id", lambda: client.lease(30, 4711).id)
    tell("same id", lambda: client.lease(30, 4711))
    tell("too long", lambda: client.lease(9_000_000_001))
    tell("no such lease", lambda: client.put("l/3", "v", lease=12))
    first, second = client.lock("shared", ttl=30), client.lock("shared", ttl=30)
    tell("locked", lambda: (first.acquire(), first.is_acquired()))
    tell("unlocked", first.release)
    tell("locked then", lambda: second.acquire(timeout=10))
    tell("unlocked then", second.release)


def maintenance(client):
    revision = client.put("m", "1").header.revision
    client.put("m", "2")
    tell("compact", lambda: client.compact(revision))
    tell("compact again", lambda: client.compact(revision))
    tell("compact future", lambda: client.compact(revision + 1000))
    tell("compact physical", lambda: client.compact(revision + 1, physical=True))
    tell("watch compacted", lambda: watch_compacted(client))
    tell("alarms", lambda: list(client.list_alarms()))
    tell("create alarm", lambda: [alarm.alarm_type for alarm in client.create_alarm()])
    tell("put under alarm", lambda: client.put("m", "3"))
    tell("alarms then", lambda: [alarm.alarm_type for alarm in client.list_alarms()])
    tell("disarm", lambda: [alarm.alarm_type for alarm in client.disarm_alarm()])
    tell("alarms after", lambda: list(client.list_alarms()))
    tell("put then", lambda: client.put("m", "3").header.revision)
    tell("defragment", client.defragment)
    tell("hash", lambda: isinstance(client.hash(), int))
    status = client.status()
    tell("status", lambda: (status.version.split(".")[0], status.leader.id == next(client.members).id))
    tell("members", lambda: [(member.id != 0, len(member.client_urls)) for member in client.members])
    tell("remove member", lambda: client.remove_member(12))
    file = io.BytesIO()
    tell("snapshot", lambda: (client.snapshot(file), len(file.getvalue()) > 0))


def watch_compacted(client):
    events, cancel = client.watch("m", start_revision=1)
    try:
        return next(events).value
    except etcd3.exceptions.RevisionCompactedError as error:
        return error.compacted_revision
    finally:
        cancel()


def main():
    client = etcd3.client(host=sys.argv[1], port=int(sys.argv[2]), timeout=30)
    for part in (values_and_keys, transactions, watches, leases_and_locks, maintenance):
        print(f"-- {part.__name__}")
        tell("=", lambda: part(client))


main()
