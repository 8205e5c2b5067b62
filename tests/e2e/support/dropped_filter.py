"""A filter that starts well on Envoy's main thread and fails on every worker: what the route guard is for.

The module is put together byte by byte (WebAssembly 1.0, section 5 of the specification), so that it needs no compiler.
Envoy configures a filter twice on its main thread, a trial and the real one, and then once on each worker. This one
counts by making two names in the memory that all threads share; making one that is there already fails.
"""

I32, END = 0x7F, 0x0B


def number(value: int) -> bytes:
    """An unsigned number in LEB128."""
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def sized(content: bytes) -> bytes:
    return number(len(content)) + content


def name(text: str) -> bytes:
    return sized(text.encode())


def section(identifier: int, *entries: bytes) -> bytes:
    return bytes([identifier]) + sized(number(len(entries)) + b"".join(entries))


def signature(parameters: int, results: int) -> bytes:
    """Of a function; every parameter and result is an `i32`."""
    return b"\x60" + sized(bytes([I32] * parameters)) + sized(bytes([I32] * results))


def constant(value: int) -> bytes:
    return b"\x41" + bytes([value])


def function(*code: bytes) -> bytes:
    return sized(b"\x00" + b"".join(code) + bytes([END]))


def makes_name(address: int) -> bytes:
    """`if (!proxy_set_shared_data(address, 1, 0, 0, -1)) return true`; -1 is the version of what was never there."""
    arguments = b"".join(constant(value) for value in (address, 1, 0, 0)) + b"\x41\x7f"
    call, is_zero, begin_if, give_back = b"\x10\x00", b"\x45", b"\x04\x40", b"\x0f"
    return arguments + call + is_zero + begin_if + constant(1) + give_back + bytes([END])


def module() -> bytes:
    """The module's bytes."""
    nothing, unary, binary, on_create, shared_data = range(5)
    types = [signature(0, 0), signature(1, 1), signature(2, 1), signature(2, 0), signature(5, 1)]
    functions = {
        "proxy_abi_version_0_2_1": (nothing, function()),
        "proxy_on_memory_allocate": (unary, function(constant(0))),
        "proxy_on_context_create": (on_create, function()),
        "proxy_on_vm_start": (binary, function(constant(1))),
        "proxy_on_configure": (binary, function(makes_name(0), makes_name(1), constant(0))),
    }
    exports = [name(text) + b"\x00" + number(index) for index, text in enumerate(functions, start=1)]
    return b"\x00asm\x01\x00\x00\x00" + b"".join(
        [
            section(1, *types),
            section(2, name("env") + name("proxy_set_shared_data") + b"\x00" + number(shared_data)),
            section(3, *(number(kind) for kind, _ in functions.values())),
            section(5, b"\x00\x01"),
            section(7, name("memory") + b"\x02\x00", *exports),
            section(10, *(code for _, code in functions.values())),
            section(11, b"\x00" + constant(0) + bytes([END]) + sized(b"ab")),
        ]
    )
