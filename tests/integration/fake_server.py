"""A server in Python that ftz was not built with: demo.v1.Greeter, described by reflection."""
import socket
import struct
import threading

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory


def message(name, *fields):
    return descriptor_pb2.DescriptorProto(
        name=name,
        field=[
            descriptor_pb2.FieldDescriptorProto(
                name=n,
                json_name=n,
                number=i + 1,
                type=t,
                label=label,
            )
            for i, (n, t, label) in enumerate(fields)
        ],
    )


F = descriptor_pb2.FieldDescriptorProto
ONE, MANY = F.LABEL_OPTIONAL, F.LABEL_REPEATED

GREETER = descriptor_pb2.FileDescriptorProto(
    name="demo/v1/greeter.proto",
    package="demo.v1",
    syntax="proto3",
    message_type=[
        message("HelloRequest", ("name", F.TYPE_STRING, ONE), ("times", F.TYPE_INT32, ONE)),
        message("HelloResponse", ("greetings", F.TYPE_STRING, MANY)),
    ],
    service=[
        descriptor_pb2.ServiceDescriptorProto(
            name="Greeter",
            method=[
                descriptor_pb2.MethodDescriptorProto(
                    name="Hello",
                    input_type=".demo.v1.HelloRequest",
                    output_type=".demo.v1.HelloResponse",
                )
            ],
        )
    ],
)

# What the envelope looks like, said once more: nothing generated from proto/ is used here.
ENVELOPE = descriptor_pb2.FileDescriptorProto(
    name="envelope.proto",
    package="envelope",
    syntax="proto3",
    message_type=[
        message("Call", ("method", F.TYPE_STRING, ONE), ("payload", F.TYPE_BYTES, ONE)),
        message("Reply", ("status", F.TYPE_BYTES, ONE), ("payload", F.TYPE_BYTES, ONE)),
        message("Status", ("code", F.TYPE_INT32, ONE), ("message", F.TYPE_STRING, ONE)),
        message("Set", ("bytes", F.TYPE_BYTES, ONE)),
    ],
)

_pool = descriptor_pool.DescriptorPool()
_pool.AddSerializedFile(GREETER.SerializeToString())
_pool.AddSerializedFile(ENVELOPE.SerializeToString())


def new(name, **fields):
    make = getattr(message_factory, "GetMessageClass", None)
    kind = _pool.FindMessageTypeByName(name)
    return (make(kind) if make else message_factory.MessageFactory(_pool).GetPrototype(kind))(
        **fields
    )


def parse(name, data):
    parsed = new(name)
    parsed.ParseFromString(data)
    return parsed


class Server(threading.Thread):
    """One connection after the other, until close. `url` is where it listens."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "tcp://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with peer:
                self.serve(peer.makefile("rwb", buffering=0))

    def serve(self, stream):
        stream.write(bytes.fromhex("0053500000310000"))
        if stream.read(8) != bytes.fromhex("0053500000300000"):
            return
        while len(head := stream.read(8)) == 8:
            frame = b""
            (size,) = struct.unpack(">Q", head)
            while len(frame) < size:
                frame += stream.read(size - len(frame))
            call = parse("envelope.Call", frame[4:])
            reply = frame[:4] + self.answer(call).SerializeToString()
            stream.write(struct.pack(">Q", len(reply)) + reply)

    def answer(self, call):
        if call.method == "nrpc.v1.ReflectionService/GetFileDescriptorSet":
            files = descriptor_pb2.FileDescriptorSet(file=[GREETER])
            return ok(new("envelope.Set", bytes=files.SerializeToString()))
        if call.method == "demo.v1.Greeter/Hello":
            request = parse("demo.v1.HelloRequest", call.payload)
            greetings = [f"Hello, {request.name}!"] * (request.times or 1)
            return ok(new("demo.v1.HelloResponse", greetings=greetings))
        status = new("envelope.Status", code=12, message=f"no {call.method} here")
        return new("envelope.Reply", status=status.SerializeToString())

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.join(5)


def ok(response):
    return new("envelope.Reply", payload=response.SerializeToString())
