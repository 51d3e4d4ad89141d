"""Builds the small root file system that the Linux kernel peer boots from.

It holds busybox, a few programs of this machine with their shared libraries, the modules that
WireGuard and a virtio network card need, and an init that takes commands from the second serial
port. Nothing of it is stored: it is made anew from what is installed, in a fraction of a second.
"""

import gzip
import lzma
import re
import shutil
import stat
import subprocess
from pathlib import Path

# What must be loaded; the modules that these depend on are found in the modules themselves.
_WANTED_MODULES = ("virtio_pci", "virtio_net", "wireguard")

# The same programs that the tests run elsewhere, so that their options and output are the same,
# too. busybox's shell would take its own `ip` and `ping` whatever the PATH says, but it prefers a
# function even to those.
_PROGRAMS = ("ip", "ping", "wg")

# After it has said "ready", init runs one line at a time and answers each with its exit status on
# a line of its own. `eval` happens in a subshell, so that a command that calls `exit` ends only
# itself. Commands get no input, for theirs would be the next command.
_INIT = """\
#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /tmp
/bin/busybox --install -s /bin
export PATH=/bin WG_COLOR_MODE=never
{functions}
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mount -t tmpfs none /tmp
ln -s /proc/self/fd/0 /dev/stdin
for module in {modules}; do insmod /modules/$module.ko; done
ip link set lo up
exec </dev/{port} >/dev/{port} 2>&1
stty raw -echo
echo ready
while IFS= read -r line; do
  (eval "$line") </dev/null
  printf '\\n::status %d\\n' $?
done
"""


def _module_files(modules_dir):
    """Maps each module's name, as the kernel spells it, to its file."""
    files = {}
    for path in modules_dir.rglob("*.ko*"):
        files[path.name.split(".ko")[0].replace("-", "_")] = path
    return files


def _read_module(path):
    """A module's ELF image, whatever Debian compressed it with."""
    if path.suffix == ".xz":
        return lzma.decompress(path.read_bytes())
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    return path.read_bytes()


def _dependencies(image):
    """The modules that a module asks for, from its .modinfo section.

    modules.dep would say the same, but only depmod makes it, when a kernel is installed. Ours is
    only unpacked.
    """
    match = re.search(rb"\0depends=([^\0]*)\0", image)
    names = match.group(1).decode() if match else ""
    return [name.replace("-", "_") for name in names.split(",") if name]


def load_order(modules_dir, wanted=_WANTED_MODULES):
    """The images of `wanted` and all they need, by name; each stands after its dependencies."""
    files = _module_files(modules_dir)
    ordered = {}

    def visit(name):
        # A name without a file is a module that this kernel has built in.
        if name in ordered or name not in files:
            return
        image = _read_module(files[name])
        for dependency in _dependencies(image):
            visit(dependency)
        ordered[name] = image

    for name in wanted:
        visit(name)
    return ordered


def _shared_libraries(program):
    """The libraries of a program and its loader, as absolute paths."""
    text = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    return re.findall(r"(/\S+) \(0x", text)


class _Cpio:
    """An archive in the "newc" format, the one that Linux unpacks its first root from."""

    def __init__(self):
        self._chunks = []
        self._inode = 0
        self._directories = set()

    def _append(self, name, mode, data):
        self._inode += 1
        encoded = name.encode() + b"\0"
        fields = (self._inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
        header = b"070701" + b"".join(b"%08X" % field for field in fields)
        for part in (header + encoded, data):
            self._chunks.append(part + b"\0" * (-len(part) % 4))

    def add_file(self, name, data, executable=False):
        """Adds a file and, before it, those of its folders that are not there yet."""
        for folder in reversed(Path(name).parents[:-1]):
            if folder not in self._directories:
                self._directories.add(folder)
                self._append(str(folder), stat.S_IFDIR | 0o755, b"")
        self._append(name, stat.S_IFREG | (0o755 if executable else 0o644), data)

    def finish(self):
        self._append("TRAILER!!!", 0, b"")
        return b"".join(self._chunks)


def build(kernel_dir, port, port_modules=(), more_programs=(), more_modules=(), foreign=None):
    """The gzipped archive for the kernel that was unpacked in `kernel_dir`. `port` takes the
    commands. `more_programs` are paths. With `foreign` the programs are another processor's: these
    and no others, with the libraries that it finds, and its busybox."""
    modules_dir = next((kernel_dir / "lib/modules").iterdir())
    modules = load_order(modules_dir, (*_WANTED_MODULES, *port_modules, *more_modules))
    names = more_programs if foreign else (*_PROGRAMS, *more_programs)
    programs = [Path(shutil.which(each)) for each in names]
    libraries_of = foreign.libraries if foreign else _shared_libraries
    functions = "\n".join(f'{each.name}() {{ /programs/{each.name} "$@"; }}' for each in programs)
    init = _INIT.format(functions=functions, modules=" ".join(modules), port=port)
    archive = _Cpio()
    archive.add_file("init", init.encode(), executable=True)
    busybox = foreign.busybox if foreign else Path(shutil.which("busybox") or "/bin/busybox")
    archive.add_file("bin/busybox", busybox.read_bytes(), executable=True)
    libraries = set()
    for program in programs:
        archive.add_file(f"programs/{program.name}", program.read_bytes(), executable=True)
        libraries.update(libraries_of(program))
    for library in sorted(libraries):
        archive.add_file(library.lstrip("/"), Path(library).read_bytes(), executable=True)
    for name, image in modules.items():
        archive.add_file(f"modules/{name}.ko", image)
    return gzip.compress(archive.finish(), compresslevel=1)
