"""Asks for zones/cn-xinjiang with a plain socket and Python's protobuf; prints the reply's payload.

usage: get_zone.py tcp://HOST:PORT | ipc:///PATH
"""
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

PROTO = Path(__file__).resolve().parents[2] / "proto"


def generated(directory):
    files = [str(p.relative_to(PROTO)) for p in PROTO.rglob("*.proto")]
    subprocess.run(["protoc", "-I", str(PROTO), f"--python_out={directory}", *files], check=True)
    sys.path.insert(0, directory)


def connect(url):
    if url.startswith("ipc://"):
        s = socket.socket(socket.AF_UNIX)
        s.connect(url[len("ipc://") :])
    else:
        host, port = url[len("tcp://") :].rsplit(":", 1)
        s = socket.create_connection((host, int(port)))
    s.settimeout(10)
    return s, url.startswith("ipc://")


def receive(s, size):
    data = b""
    while len(data) < size:
        piece = s.recv(size - len(data))
        if not piece:
            raise EOFError("the server hung up")
        data += piece
    return data


def main():
    with tempfile.TemporaryDirectory() as directory:
        generated(directory)
        from ftz.v1 import resources_pb2, zone_service_pb2
        from nrpc.v1 import call_pb2

        s, ipc = connect(sys.argv[1])
        s.sendall(bytes.fromhex("0053500000300000"))
        assert receive(s, 8) == bytes.fromhex("0053500000310000")
        request = zone_service_pb2.GetZoneRequest(name="zones/cn-xinjiang").SerializeToString()
        call = call_pb2.Call(method="ftz.v1.ZoneService/GetZone", payload=request)
        frame = struct.pack(">I", 0x80000001) + call.SerializeToString()
        s.sendall((b"\x01" if ipc else b"") + struct.pack(">Q", len(frame)) + frame)
        assert not ipc or receive(s, 1) == b"\x01"
        (size,) = struct.unpack(">Q", receive(s, 8))
        message = receive(s, size)
        assert message[:4] == frame[:4]
        reply = call_pb2.Reply.FromString(message[4:])
        assert reply.status.code == 0, reply.status
        assert resources_pb2.Zone.FromString(reply.payload).area_km2 == 179.66
        print(reply.payload.hex())


main()
