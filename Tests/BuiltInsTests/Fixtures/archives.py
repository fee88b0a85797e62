"""Makes archives, honest and hostile ones, in the folder that is given."""
import io
import os
import sys
import tarfile
import zipfile

os.chdir(sys.argv[1])


def member(name, data=b"", kind=tarfile.REGTYPE, link="", mode=0o640):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.mode = kind, link, mode
    entry.uid = entry.gid = 1234
    entry.size = len(data)
    return entry, data


def tar(name, *members, mode="w"):
    with tarfile.open(name, mode) as archive:
        for entry, data in members:
            archive.addfile(entry, io.BytesIO(data))


HONEST = [
    member("./top/", kind=tarfile.DIRTYPE, mode=0o700),
    member("./top/a.txt", b"a\n"),
    member("./top/tool", b"#!/bin/sh\n", mode=0o4750),
    member("./top/sub/größe.txt", "größe\n".encode()),
    member("./top/link", kind=tarfile.SYMTYPE, link="sub/größe.txt"),
    member("./top/up/back", kind=tarfile.SYMTYPE, link="../a.txt"),
    member("./top/hard", kind=tarfile.LNKTYPE, link="./top/a.txt"),
    member("./top/A.TXT", b"other case\n"),
    member("./top/outside-hard", kind=tarfile.LNKTYPE, link="./other.txt"),
]
for mode in ["w", "w:gz", "w:bz2", "w:xz"]:
    ending = mode.replace("w:", ".").replace("w", "")
    # The hard link's file comes first, as tar writes it.
    tar("honest.tar" + ending, member("./other.txt", b"other\n"), *HONEST, mode=mode)

tar("absolute.tar", member("/etc/passwd", b"x"))
tar("leaving.tar", member("a/../../x", b"x"))
tar("link-out.tar", member("a/l", kind=tarfile.SYMTYPE, link="../../x"))
tar("link-absolute.tar", member("a/l", kind=tarfile.SYMTYPE, link="/etc/passwd"))
tar("link-chain.tar",
    member("a/l", kind=tarfile.SYMTYPE, link=".."), member("a/m", kind=tarfile.SYMTYPE, link="l/../../x"))
tar("through-link.tar",
    member("a", kind=tarfile.SYMTYPE, link="."), member("a/x", b"x"))
tar("device.tar", member("a/null", kind=tarfile.CHRTYPE))
tar("pipe.tar", member("a/pipe", kind=tarfile.FIFOTYPE))
tar("twice.tar", member("a/x", b"1"), member("a/x", b"2"))
tar("file-as-folder.tar", member("a/x", b"1"), member("a/x/y", b"2"))
tar("hard-out.tar", member("a/h", kind=tarfile.LNKTYPE, link="missing"))
tar("circle.tar",
    member("x", kind=tarfile.SYMTYPE, link="y"), member("y", kind=tarfile.SYMTYPE, link="x"))
tar("odd-neighbour.tar", member("/etc/passwd", b"x"), member("good.txt", b"good\n"))
tar("empty.tar")

with open("honest.tar.gz", "rb") as file:
    whole = file.read()
with open("cut.tar.gz", "wb") as file:
    file.write(whole[:len(whole) // 2])
with open("not-an-archive", "wb") as file:
    file.write(b"<html>Please log in</html>" * 100)

with zipfile.ZipFile("honest.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("dir/a.txt", "a\n")
    archive.writestr("dir/größe.txt", "größe\n")
    tool = zipfile.ZipInfo("dir/tool")
    tool.create_system, tool.external_attr = 3, 0o100755 << 16
    archive.writestr(tool, "#!/bin/sh\n")
    archive.writestr("boot.bin", os.urandom(1) * 200_000)
with zipfile.ZipFile("leaving.zip", "w") as archive:
    archive.writestr("dir/../../x", "x")
with zipfile.ZipFile("corrupt.zip", "w", zipfile.ZIP_STORED) as archive:
    archive.writestr("dir/a.txt", "abcdefgh")
with open("corrupt.zip", "rb") as file:
    whole = file.read()
with open("corrupt.zip", "wb") as file:
    file.write(whole.replace(b"abcdefgh", b"abcdEfgh"))
