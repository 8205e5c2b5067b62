"""The filter as it is built, but for one function that ends its VM: what a bug would do, made on purpose."""

from support.dropped_filter import END, number, sized

EXPORTS, IMPORTS, CODE = 7, 2, 10
FUNCTION = 0
UNREACHABLE = 0x00


class _Reader:
    """Reads what WebAssembly 1.0, section 5 of the specification, says of a module."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def number(self) -> int:
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def sized(self) -> bytes:
        length = self.number()
        self.at += length
        return self.data[self.at - length : self.at]


def module(built: bytes, name: str) -> bytes:
    """The module with `unreachable` in the place of the exported function."""
    sections = _sections(built)
    content = dict(sections)
    victim = _exported(content[EXPORTS], name) - _imported(content[IMPORTS])
    code = _Reader(content[CODE])
    bodies = [code.sized() for _ in range(code.number())]
    bodies[victim] = bytes([0, UNREACHABLE, END])
    content[CODE] = number(len(bodies)) + b"".join(sized(body) for body in bodies)
    return built[:8] + b"".join(bytes([kind]) + sized(content[kind] if kind else data) for kind, data in sections)


def _sections(built: bytes) -> list[tuple[int, bytes]]:
    reader = _Reader(built)
    reader.at = 8
    found = []
    while reader.at < len(built):
        kind = reader.number()
        found.append((kind, reader.sized()))
    return found


def _exported(section: bytes, name: str) -> int:
    reader = _Reader(section)
    for _ in range(reader.number()):
        found, kind, index = reader.sized().decode(), reader.number(), reader.number()
        if (found, kind) == (name, FUNCTION):
            return index
    raise AssertionError(f"the filter does not export {name}")


def _imported(section: bytes) -> int:
    """How many functions are imported; the filter imports nothing else."""
    reader = _Reader(section)
    count = reader.number()
    for _ in range(count):
        reader.sized(), reader.sized()
        assert reader.number() == FUNCTION
        reader.number()
    return count
